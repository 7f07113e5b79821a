"""A workflow on top of the service: a question and papers in, a report out whose every claim points to papers."""
