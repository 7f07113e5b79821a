"""Options of the extractor's engine beside each other, on the prompts that the service would send."""
