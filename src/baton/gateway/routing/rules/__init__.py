"""Whose word names a model before scores are asked: agents' routing, use cases' rules."""
