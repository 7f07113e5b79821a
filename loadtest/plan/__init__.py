"""How many replicas and machines, how many hours and how much money a corpus takes."""
