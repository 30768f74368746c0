"""The only place where vendor bytes exist: dialects (wire ⇄ core), providers (declarations), transport."""
