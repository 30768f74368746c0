"""What a request asks for, read from plain JSON: the second reading that translations are held against.

One file for each dialect, none of which shares anything with Baton's readers and writers.
"""
