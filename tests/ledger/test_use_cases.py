"""What use cases are to analytics."""

import pytest

from baton.ledger.use_cases import interaction_type


@pytest.mark.parametrize(
    ("use_case", "type"),
    [
        ("simple_completion", "chat"),
        ("content_analysis", "analysis"),
        ("experimental", "chat"),
        ("recommendation", "recommendation"),
        ("a word of the caller's own", "chat"),
        (None, "chat"),
    ],
)
def test_a_chat_has_the_type_of_its_use_case(use_case: str | None, type: str) -> None:
    """As the glossary has it; what it does not know is a chat."""
    assert interaction_type("chat", use_case) == type


def test_what_is_no_chat_is_called_by_its_service() -> None:
    """Whatever the caller says it is for."""
    assert interaction_type("embeddings", "insight") == "embeddings"
