"""Load tests with Locust: callers like the real ones, shapes of load, service levels, and a verdict.

Only `users.py`, `driver.py` and `locustfile.py` import locust, which patches the standard library of its process.
"""
