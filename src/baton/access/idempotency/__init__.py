"""Requests that are carried out once, however often they are sent: who has claimed one, and its answer."""
