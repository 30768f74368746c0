"""Who may do what: identity now; vault, privacy and flags have their place here."""
