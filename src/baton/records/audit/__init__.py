"""Who did what, when, from where, and how the thing looked before and after."""
