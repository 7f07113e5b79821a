"""The peers, each a module with its program, what it runs and how it is asked."""
