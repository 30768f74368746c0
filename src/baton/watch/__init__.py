"""What sees everything below and changes nothing of it."""
