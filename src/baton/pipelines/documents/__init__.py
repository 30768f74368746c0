"""Reads documents that people upload, each in a process of its own and never in the one that serves."""
