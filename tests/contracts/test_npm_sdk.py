"""OpenAI's own npm SDK, pointed at Baton, notices nothing."""

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartBaton
from tests.contracts import asking
from tests.contracts.asking import FAULTS

SCENARIOS = Path(__file__).parent / "node" / "scenarios.mjs"
SDK = Path(__file__).parents[2] / "node_modules" / "openai"
WORDS = ("ECHO", "TOOLS_MODEL", "HELLO", "PICTURE", "TOOLS", "SCHEMA", "FAULTS")

EXPECTED: dict[str, Any] = {
    "plain": ["Hello there", "stop", True],
    "streamedWithoutUsage": ["Hello there", True],
    "streamedWithUsage": ["Hello there", True, 0],
    "toolLoop": [["weather", "traffic"], True, True],
    "streamedTools": [True, "tool_calls"],
    "oneToolAtATime": 1,
    "structured": ["city", "days"],
    "picture": True,
    "severalChoices": [0, 1, 2],
    "providersErrors": {str(status): name for status, name in FAULTS.items()},
    "errorsBeforeAStream": {str(status): name for status, name in FAULTS.items()},
    "callersMistakes": ["AuthenticationError", "NotFoundError", "BadRequestError"],
    "brokenStreams": [True, True, True],
    "models": [True, True],
}


async def test_every_scenario_of_the_npm_sdk(start_baton: StartBaton) -> None:
    """Plain, streamed with and without usage, tool loop, parallel tools, JSON schema, picture, `n`, errors
    as the SDK's own classes, streams that break, the list of models."""
    node = shutil.which("node")
    if node is None or not SDK.is_dir():
        message = "Node or node_modules is absent: `make setup-dev`"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    baton = await start_baton({"BATON_RETRIES": "0"})
    words = json.dumps({name: getattr(asking, name) for name in WORDS})
    arguments = (str(SCENARIOS), f"{baton.url}/v1", baton.key, words)
    process = await asyncio.create_subprocess_exec(
        node, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert json.loads(output) == EXPECTED
