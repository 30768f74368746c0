"""How many tokens a text has, where nobody counted."""

_CHARS_PER_TOKEN = 4
"""What a token is worth: a rough mean of English text."""


def estimate_tokens(chars: int) -> int:
    """Tokens that so many characters make, roughly; at least one."""
    return max(1, -(-chars // _CHARS_PER_TOKEN))
