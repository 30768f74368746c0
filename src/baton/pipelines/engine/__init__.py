"""Carries runs out step by step, on whichever worker lives; knows no recipe by name."""
