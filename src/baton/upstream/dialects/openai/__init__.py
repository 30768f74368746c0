"""OpenAI's chat completions, and what the OpenAI-likes made of it.

Source: OpenAI's OpenAPI description 2.3.0, and recorded exchanges with the providers.
"""
