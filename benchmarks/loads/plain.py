"""Plain requests: saturation by wrk, and a steady pace that shows the time added."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks.figures import percentile
from benchmarks.loads.connection import Connection, Tally
from benchmarks.systems.processes import Unfit, clean_environment
from benchmarks.systems.servers import System, tool

CONNECTIONS = 16
PACE_PER_S = 200

_WRK_SCRIPT = """
wrk.method = "POST"
wrk.body = [==[{body}]==]
{headers}
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'RESULT {{"requests":%d,"duration_us":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}}\\n',
    summary.requests, summary.duration, e.connect, e.read, e.write, e.status, e.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Saturation:
    """One window in which a system was asked as fast as it could answer."""

    requests: int
    seconds: float
    cpu_s: float

    @property
    def cpu_us(self) -> float:
        """CPU microseconds per request, of the system's whole process tree."""
        return self.cpu_s / self.requests * 1e6

    @property
    def per_s(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    @property
    def busy(self) -> float:
        """The share of one core that the system used; well below 1 means it was not saturated."""
        return self.cpu_s / self.seconds


def saturate(system: System, folder: Path, seconds: int) -> Saturation:
    """Asks over 16 kept-alive connections for `seconds`; raises `Unfit` if any answer was not a 200."""
    script = folder / f"load-{system.port}.lua"
    headers = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in system.headers.items())
    script.write_text(_WRK_SCRIPT.format(body=system.body().decode(), headers=headers))
    url = f"http://127.0.0.1:{system.port}{system.path()}"
    command = [tool("wrk", "wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s"]
    command += ["-s", str(script), url]
    before = system.process.cpu_s()
    # wrk inherits this process's core.
    run = subprocess.run(command, capture_output=True, text=True, env=clean_environment(), check=False)
    cpu_s = system.process.cpu_s() - before
    line = next((line for line in run.stdout.splitlines() if line.startswith("RESULT ")), None)
    if run.returncode != 0 or line is None:
        raise Unfit(f"wrk against {system.name} failed: {(run.stdout + run.stderr).strip()[-400:]}")
    result = json.loads(line.removeprefix("RESULT "))
    faults = {kind: n for kind in ("connect", "read", "write", "status", "timeout") if (n := result[kind])}
    if faults or not result["requests"]:
        raise Unfit(
            f"{system.name} under load: {result['requests']} answers, of them or beside them {faults}"
        )
    return Saturation(result["requests"], result["duration_us"] / 1e6, cpu_s)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long answers took at a steady pace."""

    p50_ms: float
    p99_ms: float


def pace(system: System, seconds: float) -> Pace:
    """200 requests/s, sent on time whether or not earlier ones are answered."""
    return uvloop.run(_paced(system, seconds))


async def _paced(system: System, seconds: float) -> Pace:
    request = system.request()
    tally = Tally(system.dialect.mark)
    idle = [await Connection.open(system.port, tally) for _ in range(CONNECTIONS)]
    everyone = list(idle)
    took_ms: list[float] = []

    async def ask() -> None:
        connection = idle.pop() if idle else await Connection.open(system.port, tally)
        if connection not in everyone:
            everyone.append(connection)
        sent = time.perf_counter()
        answer = await connection.ask(request)
        took_ms.append((time.perf_counter() - sent) * 1000)
        if answer.status != 200:
            raise Unfit(
                f"{system.name} answered {answer.status}: {answer.body[:300].decode(errors='replace')}"
            )
        idle.append(connection)

    for _ in range(CONNECTIONS):
        await ask()
    took_ms.clear()
    count = int(seconds * PACE_PER_S)
    start = time.perf_counter()
    try:
        async with asyncio.TaskGroup() as group:
            for n in range(count):
                await asyncio.sleep(max(0.0, start + n / PACE_PER_S - time.perf_counter()))
                group.create_task(ask())
    except* Unfit as faults:
        raise faults.exceptions[0] from None
    except* ConnectionError as faults:
        raise Unfit(f"{system.name} at a steady pace: {faults.exceptions[0]}") from None
    finally:
        for connection in everyone:
            connection.close()
    return Pace(percentile(took_ms, 0.5), percentile(took_ms, 0.99))
