"""What the compatibility routes look like, described by hand: the framework never sees their bodies."""
