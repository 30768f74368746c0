"""The life of one call: `gateway.py` is the score to read first."""
