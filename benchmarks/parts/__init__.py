"""What is measured: each part starts its systems, measures them in turn, round by round, and stops them."""
