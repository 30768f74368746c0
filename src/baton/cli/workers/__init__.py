"""`baton serve --workers`: a supervisor that holds the socket, and the processes that accept from it."""
