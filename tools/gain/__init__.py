"""Trains and judges what `baton.gateway.routing.gain` knows, from recorded outcomes of a weak and a strong
model."""
