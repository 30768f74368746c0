"""Answers of OpenAI's Responses."""

import json
from typing import Any

from tests.contracts.events import Event
from tests.contracts.facts.fact import Answer, Call, End, Said, Tokens, fingerprint, parsed

_TERMINAL = {"response.completed", "response.incomplete", "response.failed"}
_REASONS = {"max_output_tokens": End.LENGTH, "content_filter": End.FILTER}


def read(body: dict[str, Any]) -> Answer:
    """A whole answer."""
    said = Said()
    for item in body["output"]:
        _add_item(said, item)
    status = body.get("status")
    if status == "completed":
        said.end = End.TOOLS if said.calls else End.STOP
    elif status == "incomplete":
        why: Any = (body.get("incomplete_details") or {}).get("reason")
        said.end = _REASONS.get(why, End.OTHER)
    elif status:
        said.end = End.OTHER
    return Answer([said], _tokens(body.get("usage")), body["id"], body["model"])


def _add_item(said: Said, item: dict[str, Any]) -> None:
    match item["type"]:
        case "message":
            for part in item["content"]:
                if part["type"] == "refusal":
                    said.refusal += part["refusal"]
                else:
                    said.text += part["text"]
                    said.likelihoods |= bool(part.get("logprobs"))
                    said.cited |= {_cited(note) for note in part.get("annotations") or []}
        case "reasoning":
            parts = [*(item.get("content") or []), *(item.get("summary") or [])]
            said.thought += "".join(part["text"] for part in parts)
            if item.get("encrypted_content"):
                said.sealed.append(item["encrypted_content"])
        case "function_call":
            said.calls.append(Call(item["call_id"], item["name"], parsed(item["arguments"])))
        case "custom_tool_call":
            said.calls.append(Call(item["call_id"], item["name"], item["input"]))
        case "image_generation_call":
            said.media.append(fingerprint(item["result"] or ""))
        case kind:
            said.steps.append(kind)


def _cited(note: dict[str, Any]) -> str:
    return note.get("url") or note.get("title") or note.get("filename") or note["type"]


def _tokens(usage: dict[str, Any] | None) -> Tokens | None:
    if not usage:
        return None
    return Tokens(
        usage["input_tokens"],
        usage["output_tokens"],
        (usage.get("input_tokens_details") or {}).get("cached_tokens") or 0,
        (usage.get("output_tokens_details") or {}).get("reasoning_tokens") or 0,
    )


def read_stream(events: list[Event]) -> Answer:
    """A streamed answer, put together from its deltas, which must come to what its last event says."""
    items: dict[int, dict[str, Any]] = {}
    done: set[int] = set()
    wrong: list[str] = []
    last: dict[str, Any] = {}
    numbers: list[int] = []
    for event in events:
        if event.data == "[DONE]":
            break
        fields = json.loads(event.data)
        kind = fields["type"]
        if event.name not in (kind, "message"):
            wrong.append(f"the event {event.name} holds a {kind}")
        if "sequence_number" in fields:
            numbers.append(fields["sequence_number"])
        at = fields.get("output_index", 0)
        if kind in _TERMINAL:
            last = fields["response"]
        elif kind == "response.output_item.added":
            if at in items or at != len(items):
                wrong.append(f"item {at} begins behind {len(items)} others")
            items[at] = {**fields["item"], "said": ""}
        elif kind == "response.output_item.done":
            wrong += _done_problems(items.get(at), fields["item"], at)
            items[at] = fields["item"]
            done.add(at)
        elif kind.endswith(".delta"):
            if at not in items or at in done:
                wrong.append(f"a {kind} of item {at}, which is not open")
            elif fields.get("item_id") not in (None, items[at].get("id")):
                wrong.append(f"a {kind} names another item")
            items.setdefault(at, {"type": "unknown", "said": ""})
            items[at]["said"] = items[at].get("said", "") + fields["delta"]
    if numbers != list(range(numbers[0] if numbers else 0, (numbers[0] if numbers else 0) + len(numbers))):
        wrong.append("the sequence numbers have gaps")
    if not last:
        return Answer([Said()], None, wrong=[*wrong, "there is no last event with the response"])
    if set(items) != done:
        wrong.append(f"items {sorted(set(items) - done)} never end")
    if last["output"] != [items[at] for at in sorted(items)]:
        wrong.append("the last event's output is not that of the items before")
    answer = read(last)
    answer.resealed = {seal for item in items.values() if (seal := item.get("encrypted_content"))}
    answer.wrong += wrong
    return answer


def _done_problems(begun: dict[str, Any] | None, item: dict[str, Any], at: int) -> list[str]:
    """What is wrong with the end of an item, its beginning and its deltas being known."""
    if begun is None:
        return [f"item {at} ends before it begins"]
    problems: list[str] = []
    if begun["type"] != item["type"] or begun.get("id") != item.get("id"):
        problems.append(f"item {at} ends as another one")
    match item["type"]:
        case "message":
            whole = "".join(part.get("text") or part.get("refusal") or "" for part in item["content"])
        case "reasoning":
            parts = [*(item.get("content") or []), *(item.get("summary") or [])]
            whole = "".join(part["text"] for part in parts)
        case "function_call":
            whole = item["arguments"]
        case "custom_tool_call":
            whole = item["input"]
        case _:
            return problems
    if begun["said"] != whole:
        problems.append(f"the deltas of item {at} do not come to its text")
    return problems
