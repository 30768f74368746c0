"""Who acts on the data folder."""

from baton.records.audit.entry import Actor

OPERATOR = Actor(id="operator", source="cli")
"""Who has the data folder may do everything in it; there is nobody to name."""
