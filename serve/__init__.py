"""The Ray Serve application: models, pipeline and HTTP routes."""
