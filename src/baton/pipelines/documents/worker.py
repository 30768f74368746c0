"""The child process that reads one document: a task and a file on standard input, pages on standard output.
Run as `python -m baton.pipelines.documents.worker LIMITS`; never imported by what serves."""

import codecs
import sys
from typing import BinaryIO

import msgspec

from baton.core.frames import HEAD_BYTES, framed, length_in
from baton.pipelines.documents.confinement import confine, shut
from baton.pipelines.documents.document import Kind
from baton.pipelines.documents.limits import Limits
from baton.pipelines.documents.pdfium import Broken, Locked, Pdfium
from baton.pipelines.documents.plain import NotText
from baton.pipelines.documents.reading import Nothing, Reading, read_pdf, read_text
from baton.pipelines.documents.words import TASK, Failed, Leaf, Reason, Task, Whole

_CODECS = ("utf-16-le", "utf-16-be", "cp1252", "latin-1")
"""Modules of their own, that have to be there before nothing can be opened any more."""

_REASONS: dict[type[Exception], Reason] = {
    Broken: Reason.BROKEN,
    Locked: Reason.LOCKED,
    Nothing: Reason.EMPTY,
    NotText: Reason.NOT_TEXT,
    MemoryError: Reason.MEMORY,
}


def serve(limits: Limits, asked: BinaryIO, answers: BinaryIO) -> None:
    """Read the one document that is asked for, and say what became of it."""
    task = TASK.decode(asked.read(length_in(asked.read(HEAD_BYTES))))
    library = Pdfium() if task.kind is Kind.PDF else None
    for codec in _CODECS:
        codecs.lookup(codec)
    shut()
    try:
        reading = _read(library, task, asked.read(), limits)
    except tuple(_REASONS) as error:
        _say(answers, Failed(_REASONS[type(error)]))
        return
    for page in reading.pages:
        _say(answers, Leaf(page))
    _say(answers, reading.whole)


def _read(library: Pdfium | None, task: Task, data: bytes, limits: Limits) -> Reading:
    if library is None:
        return read_text(task, data, limits)
    with library.opened(data) as pdf:
        return read_pdf(pdf, limits)


def _say(answers: BinaryIO, word: Leaf | Failed | Whole) -> None:
    answers.write(framed(msgspec.msgpack.encode(word)))
    answers.flush()


if __name__ == "__main__":
    told = msgspec.json.decode(sys.argv[1], type=Limits)
    confine(told)
    serve(told, sys.stdin.buffer, sys.stdout.buffer)
