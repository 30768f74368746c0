"""Simulates experiments: how often their statistics say something false, how soon something true."""
