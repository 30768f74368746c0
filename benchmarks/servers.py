"""The systems under test and the upstreams behind them, each a value with one way to start it."""

from __future__ import annotations

import http.client
import os
import shutil
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.exchange import PLAIN_PATH, UPSTREAM_MODEL, answer_body, request_body
from benchmarks.processes import REPOSITORY, Process, Stage, Unfit, clean_environment, free_port

BATON_KEY = "bk-bench-0123456789abcdef0123456789abcdef"
PROVIDER_KEY = "sk-bench"

_READY_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class System:
    """Something that answers chat requests on a port of the loopback interface."""

    name: str
    process: Process
    port: int
    model: str = UPSTREAM_MODEL
    headers: dict[str, str] = field(default_factory=lambda: {"Authorization": f"Bearer {PROVIDER_KEY}"})


def tool(command: str, package: str) -> str:
    """The path of an installed program; raises `Unfit` naming the Debian package that has it."""
    found = shutil.which(command) or shutil.which(command, path="/usr/sbin:/usr/local/sbin:/sbin")
    if found is None:
        raise Unfit(
            f"{command} is not installed; on Debian or Ubuntu: apt-get install {package} "
            "(the benchmarks need nginx-light and wrk)"
        )
    return found


def exchange(
    port: int, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """One request on a connection of its own: status and body; status 0 if nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def require_plain_answer(system: System) -> None:
    """Raises `Unfit` unless `system` answers the plain request with 200 and the upstream's content."""
    status, body = exchange(system.port, "POST", PLAIN_PATH, request_body(system.model), system.headers)
    if status != 200:
        raise Unfit(f"{system.name} answered {status}: {body[:400].decode(errors='replace')}")
    if b"Summarise in three sentences" not in body:
        raise Unfit(f"{system.name} answered something else: {body[:400].decode(errors='replace')}")


_NGINX = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr crit;
{user}
events {{ worker_connections 4096; }}
http {{
    access_log off;
    server_tokens off;
    keepalive_requests 1000000000;
    keepalive_time 24h;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    scgi_temp_path {folder}/scgi;
    uwsgi_temp_path {folder}/uwsgi;
{http}
}}
"""

_NGINX_UPSTREAM = """
    server {{
        listen 127.0.0.1:{port};
        default_type application/json;
        location / {{ return 200 '{answer}'; }}
    }}
"""

_NGINX_PROXY = """
    upstream mock {{
        server 127.0.0.1:{upstream_port};
        keepalive 64;
        keepalive_requests 1000000000;
        keepalive_time 24h;
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://mock;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
"""


def _start_nginx(stage: Stage, name: str, port: int, http: str, core: int) -> Process:
    folder = stage.folder(name)
    # Started by root, nginx would change to a user that may not enter our folder.
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, user=user, http=http))
    command = [tool("nginx", "nginx-light"), "-p", str(folder), "-c", str(config), "-e", "stderr"]
    process = stage.start(name, command, core=core, folder=folder)
    process.wait_until(lambda: exchange(port, "GET", "/")[0] > 0, within_s=_READY_WITHIN_S)
    return process


def start_plain_upstream(stage: Stage) -> System:
    """The cheapest provider there is: nginx returning one fixed chat completion."""
    port = free_port()
    http = _NGINX_UPSTREAM.format(port=port, answer=answer_body().decode())
    return System("upstream", _start_nginx(stage, "upstream", port, http, stage.cores.load), port)


def start_nginx_proxy(stage: Stage, upstream: System) -> System:
    """nginx as a proxy: one worker, kept-alive upstream connections, no access log."""
    port = free_port()
    http = _NGINX_PROXY.format(port=port, upstream_port=upstream.port)
    return System("nginx proxy", _start_nginx(stage, "nginx proxy", port, http, stage.cores.tested), port)


def _start_module(stage: Stage, name: str, module: str, *arguments: str, core: int) -> Process:
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    return stage.start(name, command, core=core, env=clean_environment(PYTHONPATH=str(REPOSITORY)))


def start_stream_upstream(stage: Stage, *, chunks: int, interval_ms: int) -> System:
    """A provider that streams: `chunks` contents, one write each, `interval_ms` apart."""
    port = free_port()
    arguments = ["--port", str(port), "--chunks", str(chunks), "--interval-ms", str(interval_ms)]
    process = _start_module(stage, "stream upstream", "stream_upstream", *arguments, core=stage.cores.load)
    system = System("stream upstream", process, port)
    _await_plain(system)
    return system


def start_passthrough(stage: Stage, upstream: System) -> System:
    """The bare uvicorn + aiohttp pass-through of `benchmarks/passthrough.py`."""
    port = free_port()
    arguments = ["--port", str(port), "--upstream-port", str(upstream.port)]
    process = _start_module(stage, "pass-through", "passthrough", *arguments, core=stage.cores.tested)
    system = System("bare pass-through", process, port)
    _await_plain(system)
    return system


def _await_plain(system: System) -> None:
    def ready() -> bool:
        return exchange(system.port, "POST", PLAIN_PATH, request_body(system.model))[0] == 200

    system.process.wait_until(ready, within_s=_READY_WITHIN_S)


def launch_baton(stage: Stage, upstream: System | None, *, data: Path | None = None, **extra: str) -> System:
    """Baton with one worker and every default, started but not awaited.

    Without an upstream no provider is configured and the model is the simulated one; `data` is its data
    folder, a fresh one if not given; `extra` goes into its environment.
    """
    command = Path(sys.executable).parent / "baton"
    if not command.exists():
        raise Unfit("the command `baton` is not installed beside this Python; run `make setup`")
    port = free_port()
    env = clean_environment(
        BATON_HOST="127.0.0.1",
        BATON_PORT=str(port),
        BATON_DATA_DIR=str(data or stage.folder("baton data")),
        BATON_MASTER_KEY=BATON_KEY,
        **extra,
    )
    if upstream is not None:
        env["OPENAI_API_KEY"] = PROVIDER_KEY
        env["OPENAI_BASE_URL"] = f"http://127.0.0.1:{upstream.port}/v1"
    process = stage.start("Baton", [str(command), "serve"], core=stage.cores.tested, env=env)
    model = "simulated/echo" if upstream is None else f"openai/{UPSTREAM_MODEL}"
    return System("Baton", process, port, model, {"Authorization": f"Bearer {BATON_KEY}"})


def start_baton(stage: Stage, upstream: System) -> System:
    """Baton in front of `upstream`, ready."""
    system = launch_baton(stage, upstream)
    system.process.wait_until(
        lambda: exchange(system.port, "GET", "/readyz")[0] == 200, within_s=_READY_WITHIN_S
    )
    return system


def seconds_to_first_answer(system: System, *, within_s: float = 60.0) -> float:
    """From the start of the process to its first answer with 200."""
    body = request_body(system.model)

    def ready() -> bool:
        return exchange(system.port, "POST", PLAIN_PATH, body, system.headers)[0] == 200

    system.process.wait_until(ready, within_s=within_s, every_s=0.005)
    return time.monotonic() - system.process.started_s
