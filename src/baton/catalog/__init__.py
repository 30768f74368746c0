"""Models: what each can do, what it costs, what it is called."""
