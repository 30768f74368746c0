"""The child process that tokenizes: a question on standard input, its answer on standard output, until the
input ends. Run as `python -m baton.catalog.tokens.worker`; never imported by what serves."""

import importlib
import signal
import sys
from typing import Any, BinaryIO

import msgspec

from baton.catalog.tokens.frames import Question
from baton.core.frames import HEAD_BYTES, framed, length_in


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer until there are no more questions. Each vocabulary is loaded when it is first asked for."""
    vocabularies: dict[str, Any] = {}
    while len(head := questions.read(HEAD_BYTES)) == HEAD_BYTES:
        asked = msgspec.msgpack.decode(questions.read(length_in(head)), type=Question)
        if asked.encoding not in vocabularies:
            # Here and nowhere else: the library is 50 MB on disk and a vocabulary 33 to 67 in memory.
            vocabularies[asked.encoding] = getattr(
                importlib.import_module("rs_bpe.bpe").openai, asked.encoding
            )()
        count = vocabularies[asked.encoding].count
        answers.write(framed(msgspec.msgpack.encode([sum(map(count, group)) for group in asked.groups])))
        answers.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, whose end ends the input
    serve(sys.stdin.buffer, sys.stdout.buffer)
