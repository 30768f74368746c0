"""What is plainly wrong with an output, told without asking a model."""
