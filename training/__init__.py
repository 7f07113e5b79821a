"""Data, fine-tuning and evaluation. Nothing here is imported at serving time."""
