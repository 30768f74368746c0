"""The command `baton`, one file per command."""
