"""The README, followed to the letter by somebody who has just cloned the project."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from tests.conftest import BatonServer

README = (Path(__file__).parents[2] / "README.md").read_text()


def block(language: str, holding: str) -> str:
    """The one code block of that language that holds a text."""
    [found] = [
        body
        for kind, body in re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
        if kind == language and holding in body
    ]
    return found


async def run(*command: str, key: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, "BATON_API_KEY": key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, problem = await process.communicate()
    assert process.returncode == 0, problem.decode()
    return out.decode()


async def test_the_first_request_is_answered_by_the_simulated_provider(baton_server: BatonServer) -> None:
    """The curl command of the README gets an answer that says plainly what gave it."""
    script = block("sh", "curl http://").replace("http://127.0.0.1:8080", baton_server.url)
    script = "\n".join(line for line in script.splitlines() if not line.startswith("export "))
    answer = await run("bash", "-c", script, key=baton_server.key)
    assert "simulated provider" in answer
    assert "Hello, Baton!" in answer


@pytest.mark.parametrize("sdk", ["from openai import", "from anthropic import", "from google import"])
async def test_the_first_programs_print_an_answer(baton_server: BatonServer, sdk: str) -> None:
    """Each Python program of the README, with a provider's own SDK, prints the answer."""
    program = block("python", sdk).replace("http://127.0.0.1:8080", baton_server.url)
    answer = await run(sys.executable, "-c", program, key=baton_server.key)
    assert "simulated provider" in answer
    assert "Hello, Baton!" in answer
