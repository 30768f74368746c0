"""Requests made to fit the model that serves them, and its answers made to fit what was asked."""
