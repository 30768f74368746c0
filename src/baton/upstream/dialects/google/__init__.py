"""Google's Gemini API: `generateContent`, whole and streamed.

Source: Google's API reference (ai.google.dev/api), its Python SDK google-genai, and recorded exchanges.
"""
