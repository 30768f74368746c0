"""Clients that ask a system for all it gives, and see to it that every answer is right."""
