"""Outputs, looked at: by checks without a model, then by a cheap one; what follows from it."""
