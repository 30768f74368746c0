"""What handing on one event of a stream costs in process, for every pair of dialects.

`python -m benchmarks.events` prints nanoseconds; `--instructions` counts instructions under valgrind, which
are the same however busy the machine is, so that a change of one percent shows.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from baton.core.dialect import Dialect as Spoken
from baton.core.losses import Losses
from baton.core.provider import ProviderSpec
from baton.core.request import Envelope, Options
from baton.upstream.dialects.anthropic.envelope import read_envelope as read_messages
from baton.upstream.dialects.google.envelope import Asked
from baton.upstream.dialects.google.envelope import read_envelope as read_generation
from baton.upstream.dialects.handing import Handing, Translation
from baton.upstream.dialects.openai.envelope import read_envelope as read_chat
from baton.upstream.dialects.registry import CODECS
from baton.upstream.dialects.responses.envelope import read_envelope as read_responses
from benchmarks.dialects.chat import CHAT
from benchmarks.dialects.dialect import Dialect
from benchmarks.dialects.generation import GENERATION
from benchmarks.dialects.messages import MESSAGES
from benchmarks.dialects.responses import RESPONSES
from benchmarks.systems.processes import clean_environment

DIALECTS: dict[Spoken, Dialect] = {
    Spoken.OPENAI: CHAT,
    Spoken.ANTHROPIC: MESSAGES,
    Spoken.GOOGLE: GENERATION,
    Spoken.OPENAI_RESPONSES: RESPONSES,
}
_TEXTS = 200
# The first and the last of a stream are not like the others.
_SKIPPED, _MEASURED = 20, 100
_WARM_UP, _STREAMS = 3, 5
_REPEATED = 100
_READERS = {
    Spoken.OPENAI: read_chat,
    Spoken.ANTHROPIC: read_messages,
    Spoken.OPENAI_RESPONSES: read_responses,
}


def _no_options(inside: object) -> Options:
    return Options()


def _envelope(caller: Spoken) -> Envelope:
    body = DIALECTS[caller].body("provider/model", stream=True)
    if caller is Spoken.GOOGLE:
        return read_generation(body, Asked("provider/model", stream=True, array=False), _no_options, {})
    return _READERS[caller](body, _no_options, {})


def _handing(caller: Spoken, upstream: Spoken, before: list[bytes]) -> Handing:
    """A stream under way: what comes before the measured events has been handed on."""
    envelope, codec = _envelope(caller), CODECS[upstream]
    spec = ProviderSpec(name="provider", title="Provider", base_url="http://provider.test", dialect=upstream)
    same = caller is upstream
    hand = codec.relay(envelope, spec) if same else Translation(codec.reader(spec), envelope.writer(Losses()))
    handing = Handing(hand)
    for event in before:
        handing.feed(event)
    return handing


class Pair:
    """A caller's dialect and an upstream's, with the events to be handed on."""

    def __init__(self, caller: Spoken, upstream: Spoken) -> None:
        self.name = f"{DIALECTS[caller].name} ← {DIALECTS[upstream].name}"
        self._caller, self._upstream = caller, upstream
        spoken = DIALECTS[upstream]
        events = spoken.events(_TEXTS, usage=True)
        first = next(at for at, event in enumerate(events) if spoken.mark in event) + _SKIPPED
        self._before, self._events = events[:first], events[first : first + _MEASURED]

    def streams(self, count: int) -> list[Handing]:
        """So many of them, begun."""
        return [_handing(self._caller, self._upstream, self._before) for _ in range(count)]

    def hand_on(self, streams: list[Handing]) -> None:
        """The measured events of each."""
        for stream in streams:
            for event in self._events:
                stream.feed(event)

    def nanoseconds(self) -> float:
        """CPU time for one event: the best of many, as nothing but disturbance makes it longer."""
        best = float("inf")
        for _ in range(_REPEATED):
            streams = self.streams(1)
            start = time.process_time_ns()
            self.hand_on(streams)
            best = min(best, time.process_time_ns() - start)
        return best / _MEASURED


def _pairs() -> Iterator[Pair]:
    for upstream in DIALECTS:
        for caller in DIALECTS:
            yield Pair(caller, upstream)


def _marked() -> None:
    """The run that valgrind watches: `getppid` before and after what is to be counted."""
    for pair in _pairs():
        pair.hand_on(pair.streams(_WARM_UP))
        streams = pair.streams(_STREAMS)
        os.getppid()
        pair.hand_on(streams)
        os.getppid()


def instructions() -> list[float]:
    """Instructions for one event of each pair."""
    with tempfile.TemporaryDirectory() as folder:
        watch = ["valgrind", "--tool=callgrind", "--dump-before=getppid"]
        watch.append(f"--callgrind-out-file={folder}/part")
        command = [*watch, sys.executable, "-m", "benchmarks.events", "--marked"]
        subprocess.run(command, check=True, capture_output=True, env=clean_environment(PYTHONHASHSEED="0"))
        parts = sorted(Path(folder).glob("part.*"), key=lambda path: int(path.suffix[1:]))
        totals = [re.search(r"^(?:totals|summary): (\d+)", part.read_text(), re.M) for part in parts]
    counts = [int(total[1]) if total else 0 for total in totals]
    return [count / (_STREAMS * _MEASURED) for count in counts[1 : 2 * len(DIALECTS) ** 2 : 2]]


def main() -> None:
    """Prints a line for each pair."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.events", description=__doc__)
    parser.add_argument("--instructions", action="store_true", help="count instructions (needs valgrind)")
    parser.add_argument("--marked", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.marked:
        _marked()
        return
    unit = "instructions" if arguments.instructions else "ns"
    found = instructions() if arguments.instructions else (pair.nanoseconds() for pair in _pairs())
    for pair, figure in zip(_pairs(), found, strict=True):
        print(f"{pair.name:36} {figure:10,.0f} {unit}")


if __name__ == "__main__":
    main()
