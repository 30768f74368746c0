"""Addresses that come from outside: which of them may be gone to, and how they are fetched."""
