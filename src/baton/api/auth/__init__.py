"""`/api/auth`: signing in, and what people change of their own way in."""
