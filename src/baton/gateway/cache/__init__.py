"""Answers that are given again instead of being paid for again."""
