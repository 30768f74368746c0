"""A database and some files in one file: compressed, checked, the same for every kind of database."""
