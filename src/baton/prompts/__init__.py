"""What models are told before a caller's own words: prompts in versions, and personas."""
