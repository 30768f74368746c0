"""OpenAI's Responses API, as OpenAI, Azure and xAI speak it.

Source: OpenAI's OpenAPI description 2.3.0, and recorded exchanges with the providers.
"""
