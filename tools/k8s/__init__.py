"""The Kubernetes manifests: what is generated in them, and what is checked. Ships in no image."""
