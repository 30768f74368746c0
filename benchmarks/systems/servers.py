"""The systems under test and the upstreams behind them, each a value with one way to start it."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.dialects.chat import CHAT
from benchmarks.dialects.dialect import Dialect
from benchmarks.dialects.generation import GENERATION
from benchmarks.dialects.messages import MESSAGES
from benchmarks.dialects.registry import DIALECTS
from benchmarks.dialects.responses import RESPONSES
from benchmarks.systems.processes import Process, Stage, Unfit, clean_environment, free_port

BATON_KEY = "bk-bench-0123456789abcdef0123456789abcdef"
PROVIDER_KEY = "sk-bench"

_READY_WITHIN_S = 20.0
_FAR = 10**9
_LIMITED = {
    "name": "bench",
    "tier": "master",
    "limits": {
        "requestsPerMinute": _FAR,
        "tokensPerMinute": _FAR,
        "requestsPerDay": _FAR,
        "tokensPerDay": _FAR,
    },
    "budget": {"usd": f"{_FAR // 10}.00", "period": "month"},
}
"""A key that is limited in every way."""


@dataclass(frozen=True, slots=True)
class System:
    """Something that answers chat requests on a port of the loopback interface."""

    name: str
    process: Process
    port: int
    model: str = CHAT.model
    key: dict[str, str] = field(default_factory=lambda: {"Authorization": f"Bearer {PROVIDER_KEY}"})
    dialect: Dialect = CHAT
    """In which it is asked."""

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"Content-Type": "application/json", **self.dialect.headers, **self.key}

    def path(self, *, stream: bool = False) -> str:
        """Where it is asked."""
        return self.dialect.path(self.model, stream)

    def body(self, *, stream: bool = False, usage: bool = False) -> bytes:
        """What it is asked."""
        return self.dialect.body(self.model, stream=stream, usage=usage)

    def request(self, *, stream: bool = False, usage: bool = False) -> bytes:
        """The whole HTTP/1.1 request as one write."""
        body = self.body(stream=stream, usage=usage)
        lines = [
            f"POST {self.path(stream=stream)} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    def plain_answer(self) -> tuple[int, bytes]:
        """The answer to a plain request: status and body; status 0 if nobody answers."""
        return exchange(self.port, "POST", self.path(), self.body(), self.headers)


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
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def require_plain_answer(system: System) -> System:
    """The system itself; raises `Unfit` unless it answers the plain request with the upstream's content."""
    require_right(system, *system.plain_answer())
    return system


def require_right(system: System, status: int, body: bytes) -> None:
    """Raises `Unfit` unless this is the answer to a plain request, with the upstream's content."""
    if status != 200 or b"Summarise in three sentences" not in body:
        raise Unfit(f"{system.name} answered {status}: {body[:400].decode(errors='replace')}")


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
{answers}
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
    """The cheapest provider there is: nginx returning one fixed answer in each dialect."""
    port = free_port()
    answers = "\n".join(
        f"        location {dialect.path(dialect.model, False)} {{ return 200 '{dialect.answer.decode()}'; }}"
        for dialect in DIALECTS
    )
    http = _NGINX_UPSTREAM.format(port=port, answers=answers)
    return System("upstream", _start_nginx(stage, "upstream", port, http, stage.cores.load), port)


def start_nginx_proxy(stage: Stage, upstream: System) -> System:
    """nginx as a proxy: one worker, kept-alive upstream connections, no access log."""
    port = free_port()
    http = _NGINX_PROXY.format(port=port, upstream_port=upstream.port)
    return System("nginx proxy", _start_nginx(stage, "nginx proxy", port, http, stage.cores.tested), port)


def start_stream_upstream(stage: Stage, *, texts: int, interval_ms: int) -> System:
    """A provider that streams in every dialect: `texts` of them, one write each, `interval_ms` apart."""
    port = free_port()
    arguments = ["--port", str(port), "--texts", str(texts), "--interval-ms", str(interval_ms)]
    process = stage.start_module("stream upstream", "stream_upstream", *arguments, core=stage.cores.load)
    system = System("stream upstream", process, port)
    _await_plain(system)
    return system


def start_passthrough(stage: Stage, upstream: System) -> System:
    """The bare uvicorn + aiohttp pass-through of `benchmarks/passthrough.py`."""
    port = free_port()
    arguments = ["--port", str(port), "--upstream-port", str(upstream.port)]
    process = stage.start_module("pass-through", "passthrough", *arguments, core=stage.cores.tested)
    system = System("bare pass-through", process, port)
    _await_plain(system)
    return system


def _await_plain(system: System) -> None:
    def ready() -> bool:
        return system.plain_answer()[0] == 200

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
        MAX_USER_BUDGET=str(_FAR // 10),
        MAX_DAILY_BUDGET=str(_FAR // 10),
        **extra,
    )
    if upstream is not None:
        env |= _providers(f"http://127.0.0.1:{upstream.port}")
    process = stage.start("Baton", [str(command), "serve"], core=stage.cores.tested, env=env)
    model = "simulated/echo" if upstream is None else model_of(CHAT)
    return System("Baton", process, port, model, {"Authorization": f"Bearer {BATON_KEY}"})


def limited(baton: System) -> System:
    """The same Baton, asked with a user's key that has every limit there is and a budget: all are counted,
    none is reached. Raises `Unfit` where there is no such key to be had."""
    user = _made(baton, "users", {"name": "bench", "tier": "master", "roles": ["user", "admin"]})
    key = _made(baton, "keys", {**_LIMITED, "userId": user["id"]})
    return replace(baton, key={"Authorization": f"Bearer {key['key']}"})


def _made(baton: System, what: str, wish: dict[str, object]) -> dict[str, str]:
    headers = baton.key | {"Content-Type": "application/json"}
    body = json.dumps(wish).encode()
    status, answer = exchange(baton.port, "POST", f"/api/admin/{what}", body, headers)
    if status != 201:
        raise Unfit(f"No key with limits could be made: {status} {answer[:200]!r}")
    return json.loads(answer)


def _providers(url: str) -> dict[str, str]:
    """The environment in which every provider is the one at `url`."""
    named = ("OPENAI", "ANTHROPIC", "GOOGLE", "TOGETHER", "VLLM")
    keys = {f"{name}_API_KEY": PROVIDER_KEY for name in named}
    versioned = {f"{name}_BASE_URL": f"{url}/v1" for name in ("OPENAI", "TOGETHER", "VLLM")}
    return {
        **keys,
        **versioned,
        "ANTHROPIC_BASE_URL": url,
        "GOOGLE_BASE_URL": url,
        "VLLM_DIALECT": "openai-responses",
    }


def model_of(upstream: Dialect, caller: Dialect = CHAT) -> str:
    """The model to ask Baton for, so that a caller's request goes to a provider who speaks `upstream`.

    OpenAI is asked in whichever of its two dialects the caller speaks; a caller of one is translated to the
    other at providers who speak but that.
    """
    if upstream is CHAT and caller is RESPONSES:
        return f"together/{upstream.model}"
    if upstream is RESPONSES and caller is not RESPONSES:
        return f"vllm/{upstream.model}"
    provider = {MESSAGES: "anthropic", GENERATION: "google"}.get(upstream, "openai")
    return f"{provider}/{upstream.model}"


def start_baton(stage: Stage, upstream: System, *, database_url: str = "") -> System:
    """Baton in front of `upstream`, ready; its database is the default one unless told."""
    extra = {"DATABASE_URL": database_url} if database_url else {}
    system = launch_baton(stage, upstream, data=None, **extra)
    system.process.wait_until(
        lambda: exchange(system.port, "GET", "/readyz")[0] == 200, within_s=_READY_WITHIN_S
    )
    return system


def start_fleet(
    stage: Stage, upstream: System, *, database_url: str, redis_url: str, workers: int = 2
) -> System:
    """Workers of one Baton on the core of what is tested, asked with a key that is limited in every way;
    ready when each of them knows it. Nothing was asked of the upstream yet."""
    system = replace(
        launch_baton(
            stage,
            upstream,
            data=None,
            DATABASE_URL=database_url,
            REDIS_URL=redis_url,
            BATON_WORKERS=str(workers),
        ),
        name=f"Baton, {workers} workers",
    )
    system.process.wait_until(
        lambda: exchange(system.port, "GET", "/readyz")[0] == 200, within_s=_READY_WITHIN_S
    )
    system = limited(system)
    in_a_row = 0

    def all_know() -> bool:
        """Which of them answers is chance; all of twenty are hardly one's."""
        nonlocal in_a_row
        in_a_row = (
            in_a_row + 1 if exchange(system.port, "GET", "/v1/models", None, system.key)[0] == 200 else 0
        )
        return in_a_row == 20

    system.process.wait_until(all_know, within_s=_READY_WITHIN_S, every_s=0.1)
    return system


def seconds_to_first_answer(system: System, *, within_s: float = 60.0) -> float:
    """From the start of the process to its first answer with 200."""

    def ready() -> bool:
        return system.plain_answer()[0] == 200

    system.process.wait_until(ready, within_s=within_s, every_s=0.005)
    return time.monotonic() - system.process.started_s
