"""Rehearsals of outages."""
