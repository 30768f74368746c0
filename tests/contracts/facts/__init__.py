"""What an answer says, read from plain JSON: the second reading that Baton's own is held against.

One file for each dialect, none of which shares anything with Baton's readers and writers.
"""
