"""Other gateways, installed from their own packages into a cache folder, asked the same plain request."""

from __future__ import annotations

import json
import os
import subprocess
import venv
from collections.abc import Callable
from pathlib import Path

from benchmarks.dialects.chat import CHAT
from benchmarks.systems.processes import Stage, Unfit, clean_environment, free_port
from benchmarks.systems.servers import PROVIDER_KEY, System, tool

_INSTALL_WITHIN_S = 900
# LiteLLM imports for the better part of a minute on a slow core.
_READY_WITHIN_S = 120.0
_LITELLM_KEY = "sk-litellm-bench"


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "baton-benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _install(name: str, command: list[str], cores: set[int]) -> None:
    """Runs a package manager as it is configured on this machine (so with all of our environment)."""
    try:
        run = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=_INSTALL_WITHIN_S,
            check=False,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
    except subprocess.TimeoutExpired:
        raise Unfit(f"{name} was not installed within {_INSTALL_WITHIN_S} s") from None
    if run.returncode != 0:
        raise Unfit(f"{name} cannot be installed: {(run.stderr or run.stdout).strip()[-400:]}")


def _await_answer(system: System) -> System:
    def ready() -> bool:
        return system.plain_answer()[0] == 200

    system.process.wait_until(ready, within_s=_READY_WITHIN_S, every_s=0.5)
    return system


def start_litellm(stage: Stage, upstream: System) -> System:
    """LiteLLM's proxy from PyPI: one worker, a master key, no database."""
    environment = _cache() / "litellm"
    command = environment / "bin" / "litellm"
    if not command.exists():
        venv.create(environment, with_pip=True, clear=True)
        pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "litellm[proxy]"]
        _install("LiteLLM", pip, {stage.cores.tested, stage.cores.load})
    folder, port = stage.folder("litellm"), free_port()
    # JSON is YAML.
    config = {
        "model_list": [
            {
                "model_name": CHAT.model,
                "litellm_params": {
                    "model": f"openai/{CHAT.model}",
                    "api_base": f"http://127.0.0.1:{upstream.port}/v1",
                    "api_key": PROVIDER_KEY,
                },
            }
        ],
        "general_settings": {"master_key": _LITELLM_KEY},
        "litellm_settings": {"telemetry": False},
    }
    (folder / "config.yaml").write_text(json.dumps(config))
    arguments = ["--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    process = stage.start(
        "LiteLLM",
        [str(command), *arguments],
        core=stage.cores.tested,
        folder=folder,
        env=clean_environment(LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_MODE="PRODUCTION"),
    )
    key = {"Authorization": f"Bearer {_LITELLM_KEY}"}
    return _await_answer(System("LiteLLM proxy", process, port, key=key))


def start_portkey(stage: Stage, upstream: System) -> System:
    """Portkey's gateway from npm, on Node."""
    prefix = _cache() / "portkey"
    program = prefix / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    node = tool("node", "nodejs")
    if not program.exists():
        npm = [tool("npm", "npm"), "install", "--silent", "--no-audit", "--no-fund"]
        npm += ["--prefix", str(prefix), "@portkey-ai/gateway"]
        _install("Portkey's gateway", npm, {stage.cores.tested, stage.cores.load})
    port = free_port()
    process = stage.start(
        "Portkey",
        [node, str(program), f"--port={port}", "--headless"],
        core=stage.cores.tested,
        env=clean_environment(NODE_ENV="production", TRUSTED_CUSTOM_HOSTS="127.0.0.1,localhost"),
    )
    key = {
        "Authorization": f"Bearer {PROVIDER_KEY}",
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": f"http://127.0.0.1:{upstream.port}/v1",
    }
    return _await_answer(System("Portkey gateway", process, port, key=key))


def start_tensorzero(stage: Stage, upstream: System) -> System:
    """TensorZero's gateway: not to be had from a package registry."""
    raise Unfit(
        "its gateway is published as a container image and as source; PyPI and npm carry only its clients"
    )


PEERS: dict[str, Callable[[Stage, System], System]] = {
    "LiteLLM proxy": start_litellm,
    "Portkey gateway": start_portkey,
    "TensorZero gateway": start_tensorzero,
}
