"""`python -m benchmarks.documents`: what reading a document takes, and what the loop that serves notices."""

import argparse
import asyncio
import re
import resource
import statistics
import time
from pathlib import Path

from tests.pipelines.documents.pdf import brief, texts

from baton.pipelines.documents.document import Document
from baton.pipelines.documents.reader import Reader

TICK_S = 0.002
_MS = 1000
_PEAKS = re.compile(r"Vm(?:Peak|HWM):\s+(\d+) kB")


async def late(until: asyncio.Event) -> list[float]:
    """How late a timer of the loop rings, in ms, time after time."""
    found: list[float] = []
    while not until.is_set():
        began_s = time.perf_counter()
        await asyncio.sleep(TICK_S)
        found.append((time.perf_counter() - began_s - TICK_S) * _MS)
    return found


def used_s() -> float:
    """Processor seconds of all children that are gone."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def peaks(reader: Reader, name: str, data: bytes) -> list[int]:
    """The most address space and the most memory that a child had when it was last looked at, in MiB."""
    reading = asyncio.create_task(reader.read(name, data))
    found = [0, 0]
    while not reading.done():
        for pid in reader.pids:
            told = _PEAKS.findall(_status(pid))
            found = [int(each) // 1024 for each in told] or found
        await asyncio.sleep(TICK_S)
    await reading
    return found


def _status(pid: int) -> str:
    return Path(f"/proc/{pid}/status").read_text()


async def measured(name: str, data: bytes, rounds: int) -> str:
    """A row of the table."""
    document: Document | None = None
    done = asyncio.Event()
    ticking = asyncio.create_task(late(done))
    took: list[float] = []
    before_s = used_s()
    async with Reader() as reader:
        for _ in range(rounds):
            began_s = time.perf_counter()
            document = await reader.read(name, data)
            took.append((time.perf_counter() - began_s) * _MS)
        cpu_ms = (used_s() - before_s) / rounds * _MS
        done.set()
        lag = statistics.quantiles(await ticking, n=100)
        space, memory = await peaks(reader, name, data)
    assert document is not None
    return (
        f"| {name} | {len(data):,} bytes, {document.characters:,} characters "
        f"| {statistics.median(took):.0f} ms | {max(took):.0f} ms | {cpu_ms:.0f} ms "
        f"| {memory} MiB | {space} MiB | {lag[49]:.1f}, {lag[98]:.1f} ms |"
    )


async def main(rounds: int) -> None:
    """Measure, and print the table."""
    files = {
        "a word of text": b"word",
        "a PDF of one line": texts("word"),
        "a PDF of 20 pages": brief(20),
        "a PDF of 500 pages": brief(500),
        "20 MB of text": b"A sentence of a long text. " * 740_000,
    }
    print("| file | size | median | slowest | processor | memory | address space | loop late, p50, p99 |")
    print("|---|---|---|---|---|---|---|---|")
    for name, data in files.items():
        print(await measured(name, data, rounds), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="readings of each file")
    asyncio.run(main(parser.parse_args().rounds))
