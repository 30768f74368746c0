"""What was said of outputs, by judges and by people: where it lies, and what it comes to."""
