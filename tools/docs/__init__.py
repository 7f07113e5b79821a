"""The documentation's generated parts, and the Sphinx extension that puts them into its pages."""
