"""What every request cost, how it went and who asked: a local journal first, then the database."""
