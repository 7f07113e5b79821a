"""Extractors: trained on annotated mentions, and measured against them."""
