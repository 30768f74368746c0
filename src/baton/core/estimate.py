"""How many tokens a text has, where nobody counted."""

_CHARS_PER_TOKEN = 4
"""What a token is worth: a rough mean of English text."""


def weight_of(text: str) -> int:
    """Its characters, each beyond ASCII for the mean of 1 and its bytes in UTF-8: such have more tokens, two
    for Cyrillic where Latin has one and a half, four for Han where it has two (measured in o200k_base)."""
    return len(text) if text.isascii() else (len(text) + len(text.encode("utf-8", "replace"))) // 2


def weight_of_tools(written: bytes) -> int:
    """Half of what describes tools in JSON: models are told of them in fewer words."""
    return len(written) // 2


def estimate_tokens(chars: int) -> int:
    """Tokens that so many characters (or so much weight) make, roughly; at least one."""
    return max(1, -(-chars // _CHARS_PER_TOKEN))
