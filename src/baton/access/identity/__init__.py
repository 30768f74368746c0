"""Users, their API keys, and the first admin."""
