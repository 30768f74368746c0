"""Scripted conversations."""

import json
from pathlib import Path
from typing import Any

import pytest

from baton.core.errors import Invalid
from baton.upstream.providers.simulated.scripts import Scripts, load_scripts, read_scripts
from tests.upstream.simulated.conftest import Ask, Time

REFUND = b"""
[[scripts]]
name = "refund"

[[scripts.lines]]
when = "where is my order"
calls = [{ name = "find_order", arguments = { id = 7 } }]

[[scripts.lines]]
after_tool = "find_order"
says = "It is on its way."

[[scripts.lines]]
turn = 2
settings = "latency=2000;fault=503;times=1"
says = "Sorry for the wait."

[[scripts]]
name = "other"
lines = [{ says = "Something else." }]
"""


@pytest.fixture
def scripts() -> Scripts:
    return read_scripts(REFUND, toml=True)


async def test_a_conversation_is_played(ask: Ask, time: Time) -> None:
    """Lines are chosen by what was said, by a tool's result and by the turn; faults and pace are theirs."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Hi! WHERE is my order?"}]
    first = (await ask("scripted;script=refund", messages=messages)).json["choices"][0]
    assert first["finish_reason"] == "tool_calls"
    call = first["message"]["tool_calls"][0]
    assert call["function"] == {"name": "find_order", "arguments": '{"id":7}'}
    messages += [first["message"], {"role": "tool", "tool_call_id": call["id"], "content": "van"}]
    messages[0]["content"] = "Hello"
    assert (await ask("scripted", messages=messages)).text == "It is on its way."
    messages += [{"role": "assistant", "content": "…"}, {"role": "user", "content": "Hm"}]
    failed = await ask("scripted", messages=messages)
    assert (failed.status, time.slept) == (503, [2.0])
    assert (await ask("scripted", messages=messages)).text == "Sorry for the wait."


async def test_a_script_is_chosen_by_name(ask: Ask) -> None:
    """A named script speaks only its own lines; where none fits, that is said."""
    assert (await ask("scripted;script=other")).text == "Something else."
    assert "no line" in (await ask("scripted;script=refund")).text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[scripts]]\nname = 'x'\nlines = []", "length >= 1"),
        ("[[scripts]]\nlines = [{ says = 'a' }]", "`name`"),
        ("[[scripts]]\nname = 'x'\nlines = [{ sais = 'a' }]", "`sais`"),
        ("[[scripts]]\nname = 'x'\nlines = [{ turn = 0 }]", "$.scripts[0].lines[0].turn"),
        ("[[scripts]]\nname = 'x'\nlines = [{}, { settings = 'fault=boo' }]", "script 'x', line 2"),
        ("[[scripts", "cannot be read"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, says: str) -> None:
    """What is wrong with a file is said with its place."""
    path = tmp_path / "scripts.toml"
    path.write_text(text)
    with pytest.raises(Invalid) as caught:
        load_scripts(path)
    assert says in caught.value.message
    assert str(path) in caught.value.message


def test_json_and_toml_say_the_same(tmp_path: Path) -> None:
    """Either form is read; a missing file is named."""
    path = tmp_path / "scripts.json"
    path.write_text(json.dumps({"scripts": [{"name": "x", "lines": [{"says": "a", "turn": 1}]}]}))
    same = read_scripts(b"[[scripts]]\nname = 'x'\nlines = [{ says = 'a', turn = 1 }]", toml=True)
    assert load_scripts(path) == same
    with pytest.raises(Invalid, match="cannot be opened"):
        load_scripts(tmp_path / "none.toml")
