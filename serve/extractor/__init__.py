"""Diseases named in a text: the prompt, the engine that answers it, and the grounding of every answer."""
