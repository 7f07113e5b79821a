"""The service on more than one machine: many replicas at work, and replicas that come and go."""
