"""Going on when a call fails: retries and deadlines."""
