"""`pubserve worker`: papers from a stream of Redis or Kafka, through the service, to another stream.

It calls the service as any client does, so workers and replicas scale apart from each other.
"""
