"""Baton: a self-hosted AI gateway and multi-model orchestrator."""

__version__ = "0.1.0"
