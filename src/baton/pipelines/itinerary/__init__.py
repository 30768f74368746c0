"""Trips planned by one model, looked up by another and reviewed by a third, over rules that need none."""
