"""Whether two requests mean the same: their nearest neighbours, and the guard that has the last word."""
