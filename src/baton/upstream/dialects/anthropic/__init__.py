"""Anthropic's Messages.

Source: the types of Anthropic's Python SDK 2.11.0, its API documentation, and recorded exchanges.
"""
