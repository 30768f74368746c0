"""Answers of Anthropic's Messages."""

import json
from typing import Any

from tests.contracts.events import Event
from tests.contracts.facts.fact import Answer, Call, End, Said, Tokens, parsed

ENDS = {
    "end_turn": End.STOP,
    "stop_sequence": End.STOP,
    "max_tokens": End.LENGTH,
    "model_context_window_exceeded": End.LENGTH,
    "tool_use": End.TOOLS,
    "pause_turn": End.PAUSE,
    "refusal": End.REFUSAL,
}


def read(body: dict[str, Any]) -> Answer:
    """A whole answer."""
    said = Said()
    wrong: list[str] = []
    for block in body["content"]:
        match block["type"]:
            case "text":
                said.text += block["text"]
                said.cited |= {_cited(note) for note in block.get("citations") or []}
            case "thinking":
                said.thought += block["thinking"]
                if block.get("signature"):
                    said.sealed.append(block["signature"])
            case "redacted_thinking":
                said.sealed.append(block["data"])
            case "tool_use":
                said.calls.append(Call(block["id"], block["name"], block["input"]))
                if not isinstance(block["input"], dict):
                    wrong.append(f"the input of {block['name']} is no object")
            case kind:
                said.steps.append(kind)
    word = body.get("stop_reason")
    said.end = ENDS.get(word, End.OTHER) if word else End.NONE
    return Answer([said], _tokens(body.get("usage")), body["id"], body["model"], wrong=wrong)


def _cited(note: dict[str, Any]) -> str:
    return note.get("url") or note.get("source") or note.get("document_title") or note["type"]


def _tokens(usage: dict[str, Any] | None) -> Tokens | None:
    if not usage:
        return None
    cached = usage.get("cache_read_input_tokens") or 0
    written = usage.get("cache_creation_input_tokens") or 0
    details = usage.get("output_tokens_details") or {}
    return Tokens(
        usage["input_tokens"] + cached + written,
        usage["output_tokens"],
        cached,
        details.get("thinking_tokens"),
    )


def read_stream(events: list[Event]) -> Answer:
    """A streamed answer, put together; whatever breaks the order of events is noted."""
    body: dict[str, Any] = {}
    fragments = ""
    opened = False
    wrong: list[str] = []
    for event in events:
        fields = json.loads(event.data)
        kind = fields["type"]
        if event.name != kind:
            wrong.append(f"the event {event.name} holds a {kind}")
        if (kind == "message_start") == bool(body) and kind != "ping":
            wrong.append(f"{kind} comes at the wrong time")
        content: list[dict[str, Any]] = body.get("content", [])
        match kind:
            case "message_start":
                body = fields["message"]
            case "content_block_start":
                if opened or fields["index"] != len(content):
                    wrong.append(f"block {fields['index']} begins behind {len(content)} others")
                content.append(fields["content_block"])
                fragments, opened = "", True
            case "content_block_delta":
                if not opened or fields["index"] != len(content) - 1:
                    wrong.append(f"a delta of block {fields['index']}, which is not open")
                fragments += _add(content[-1], fields["delta"])
            case "content_block_stop":
                if not opened or fields["index"] != len(content) - 1:
                    wrong.append(f"block {fields['index']} ends, which is not open")
                if fragments:
                    content[-1]["input"] = parsed(fragments)
                opened = False
            case "message_delta":
                body |= fields["delta"]
                known: dict[str, Any] = fields.get("usage") or {}
                body["usage"] |= {name: count for name, count in known.items() if count is not None}
            case _:
                pass
    if opened:
        wrong.append("a block never ends")
    if not events or events[-1].name != "message_stop":
        wrong.append("there is no message_stop at the end")
    answer = read(body)
    answer.wrong += wrong
    return answer


def _add(block: dict[str, Any], delta: dict[str, Any]) -> str:
    """Add to a block; gives the fragment of a tool's input."""
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] = (block.get("signature") or "") + delta["signature"]
        case "citations_delta":
            block["citations"] = [*(block.get("citations") or []), delta["citation"]]
        case "input_json_delta":
            return delta["partial_json"]
        case _:
            pass
    return ""
