"""Which model serves a request: candidates, scores, the reasons; no I/O."""
