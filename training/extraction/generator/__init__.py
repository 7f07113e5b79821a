"""The generator: a model of language that is shown a text and writes the names of the diseases in it."""
