"""Wire formats, each translated both ways. Pure: no I/O, no clock, no settings."""
