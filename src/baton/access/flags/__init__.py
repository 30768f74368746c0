"""Switches for what Baton does, for everybody, for tiers, or for a share of the users."""
