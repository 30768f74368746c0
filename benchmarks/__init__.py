"""What docs/performance.md reports, repeatable by anyone: `python -m benchmarks.run`."""
