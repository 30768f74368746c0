"""How people sign in: passwords, a second factor, sessions, and what slows guessing down."""
