"""How providers and their models are, from what attempts came to, and from probes when nobody asks."""
