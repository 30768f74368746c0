"""Compatibility routes: one file per dialect, plain ASGI on bytes in and bytes out."""
