"""Text handling that training and serving share, so that a model is served exactly what it was trained on."""
