"""What is watched: Grafana dashboards described in Python, and checks that what is asked for is exported."""
