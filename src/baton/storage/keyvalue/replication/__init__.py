"""State that every process keeps in its own memory, alike: all hear the same words in the same order."""
