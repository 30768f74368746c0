"""Trains and evaluates what tells types of tasks: `python -m tools.tasks train` and `… evaluate`."""
