"""What users want of Baton: how a model is chosen for them, and whether AI serves them at all."""
