"""What somebody has to know of: one open row for each trouble, while it lasts."""
