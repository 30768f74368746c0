"""Experiments: who is in which arm, what came of it, and who ends them."""
