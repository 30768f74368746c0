"""Ordinary answers, drawn and assessed once they were given."""
