"""How the simulated provider speaks the dialects besides OpenAI's: one file each."""
