"""Whatever fits the description, and much that does not: no request breaks Baton."""

import asyncio
import sys
from pathlib import Path

from tests.conftest import StartBaton

MASTER = "a key that nobody can revoke"
"""A stored key could be revoked by the requests themselves; all others would be a stranger's."""

UNFIT = "/api/itineraries/generate-v2"
"""Simulated models, which are all that there is here, make no trip: a 503 that says so is right."""

CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance")
"""Not the shape of answers: no description can say that of streams, and of paths that dialects share."""


async def test_every_route_survives_what_its_description_allows(
    start_baton: StartBaton, tmp_path: Path
) -> None:
    """As an admin, thousands of requests at every route: the examples, the edges of each field, wrong types,
    missing and unknown fields, some at random: no 5xx, no status and no media type that is not described."""
    baton = await start_baton({"BATON_MASTER_KEY": MASTER})
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{baton.url}/openapi.json"),
        *("--header", f"Authorization: Bearer {MASTER}", "--checks", ",".join(CHECKS)),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", "1", "--seed", "7"),
        *("--exclude-path", UNFIT),
        *("--generation-database", "none", "--suppress-health-check", "all", "--no-color"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()[-8000:]
