"""Requests that may be answered with what an equal one was answered, or is just being answered."""
