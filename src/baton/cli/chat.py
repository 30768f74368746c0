"""`baton chat`."""

import asyncio
import sys
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console

from baton.cli.conversation import Answer, Conversation, Receipt
from baton.cli.line import Reach, line_to
from baton.cli.stop import INTERRUPTED, MISUSED, Stop
from baton.cli.terminal import AsJson, print_json

_LEAVE = frozenset({"/exit", "/quit"})


class AnswerView(Receipt, frozen=True, kw_only=True):
    """An answer with what it came to."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How answers are shown."""

    no_stream: Annotated[bool, typer.Option("--no-stream", help="Show the answer once it is whole.")] = False
    as_json: AsJson = False

    @property
    def stream(self) -> bool:
        """Whether they are shown as they come."""
        return not (self.no_stream or self.as_json)


def chat(
    prompt: Annotated[
        str | None, typer.Argument(help="What to ask; what is piped in follows it. Neither: a conversation.")
    ] = None,
    model: Annotated[str, typer.Option(help="Which model, e.g. openai/gpt-6-luna.")] = "auto",
    system: Annotated[str | None, typer.Option(help="Instructions for the model.")] = None,
    *,
    reach: Reach,
    manner: Manner,
) -> None:
    """Talk to a model through a running Baton.

    Ctrl-C ends an answer, twice at the prompt the conversation. What it cost is told on stderr.
    """
    asked = _asked(prompt)
    if asked == "":
        raise Stop("there is nothing to ask: neither a prompt nor anything piped in.", MISUSED)
    conversation = Conversation(line_to(reach), model, system)
    if asked is None:
        _converse(conversation, manner)
        return
    try:
        _turn(conversation, asked, manner)
    except KeyboardInterrupt as error:
        raise Stop("the answer was ended.", INTERRUPTED) from error


def _asked(prompt: str | None) -> str | None:
    """The prompt and what was piped in; None: somebody sits at a terminal and is going to say."""
    if sys.stdin.isatty():
        return prompt
    return "\n\n".join(part for part in (prompt, sys.stdin.read().strip()) if part)


def _converse(conversation: Conversation, manner: Manner) -> None:
    """One turn after the other, until /exit, Ctrl-D, or Ctrl-C twice at the prompt.

    Raises:
        Stop: nothing can be asked: nobody answers there, the key is wrong, or no model has that name.
    """
    asyncio.run(conversation.check())
    print("Say something; /exit ends.", file=sys.stderr)
    interrupted = False
    while True:
        try:
            said = input("> ").strip()
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print()
            if interrupted:
                return
            interrupted = True
            print("(Ctrl-C again ends)", file=sys.stderr)
            continue
        interrupted = False
        if said in _LEAVE:
            return
        if not said:
            continue
        try:
            _turn(conversation, said, manner)
        except KeyboardInterrupt:
            print("(ended)", file=sys.stderr)
        except Stop as stop:
            print(f"baton: {stop.message}", file=sys.stderr)


def _turn(conversation: Conversation, prompt: str, manner: Manner) -> None:
    voice = _Voice()
    try:
        answer = asyncio.run(conversation.ask(prompt, voice.say if manner.stream else None))
    except BaseException:
        voice.end()  # what follows begins a line of its own
        raise
    if manner.as_json:
        receipt = {name: getattr(answer.receipt, name) for name in Receipt.__struct_fields__}
        print_json(AnswerView(text=answer.text, **receipt))
        return
    if not manner.stream:
        voice.say(answer.text)
    voice.end()
    Console(stderr=True, highlight=False, markup=False).print(_summary(answer), style="dim")


class _Voice:
    """Writes an answer to stdout as it comes."""

    def __init__(self) -> None:
        self._at_terminal = sys.stdout.isatty()
        self._spoke = False

    def say(self, piece: str) -> None:
        """Write a piece; what could steer the terminal is left out where there is one."""
        if self._at_terminal:
            piece = "".join(char for char in piece if char.isprintable() or char in "\n\t")
        sys.stdout.write(piece)
        sys.stdout.flush()
        self._spoke = True

    def end(self) -> None:
        """End the line, if anything was said."""
        if self._spoke:
            print(flush=True)


def _summary(answer: Answer) -> str:
    receipt = answer.receipt
    cost = "cost unknown" if receipt.cost_usd is None else f"{receipt.cost_usd} USD"
    parts = [f"{receipt.provider}/{receipt.model}"]
    if receipt.prompt_tokens is not None:
        parts.append(f"{receipt.prompt_tokens} + {receipt.completion_tokens} tokens")
    parts.append(cost)
    if receipt.response_time_ms is not None:
        parts.append(f"{receipt.response_time_ms} ms")
    return " · ".join(parts)


COMMANDS = {"chat": chat}
