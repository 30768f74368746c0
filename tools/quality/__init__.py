"""Runs the checks over answers that real models gave, and tells how often they are wrong."""
