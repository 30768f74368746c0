"""The systems under test, what they run beside, and how their processes are started and accounted for."""
