"""How many tokens a prompt has: exactly where its encoding is known, else as calibrated."""
