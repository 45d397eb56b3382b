"""Jobs in a worker process or on a cluster."""
