"""The HTTP surface: `compat` speaks other people's dialects, `native` and `admin` Baton's own."""
