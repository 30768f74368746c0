"""Limits and budgets that several processes share: the twins of what lies in memory, as scripts for Redis."""
