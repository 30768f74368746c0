"""What several processes share in Redis: scripts, asked for over one connection. Knows no business noun."""
