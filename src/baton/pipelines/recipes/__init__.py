"""Pipelines, one file each: what is done by whom in which order; the rooms beside have the pieces."""
