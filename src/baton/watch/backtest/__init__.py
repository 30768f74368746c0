"""Backtest: what rules, weights or prices that are only proposed would have done to a period."""
