"""What many requests share, and what may refuse one: rate limits and budgets, in one step."""
