"""Rehearsal: what callers would see of a provider's outage, tried on simulated providers."""
