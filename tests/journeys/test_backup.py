"""Backing up and restoring as the documentation has it."""

import asyncio
import os
import re
import sys
from pathlib import Path

from tests.app.ground import ask
from tests.conftest import StartBaton

PAGE = (Path(__file__).parents[2] / "docs" / "backup.md").read_text()


async def test_the_commands_of_the_page_back_up_and_restore(start_baton: StartBaton, tmp_path: Path) -> None:
    """One after the other beside a server; what is restored has the requests that it has answered."""
    baton = await start_baton(data_dir=tmp_path / "home")
    await ask(baton, baton.key, 3)
    assert await baton.app.ledger.flush(20.0)
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 4
    named = f'baton() {{ "{sys.executable}" -m baton.cli.main "$@"; }}'
    process = await asyncio.create_subprocess_exec(
        *("bash", "-e", "-o", "pipefail", "-c", "\n".join([named, *blocks])),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "BATON_DATA_DIR": str(tmp_path / "home")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert b"WARNING: secret.key and first-admin-key are in it, not encrypted" in err
    assert re.search(rb"rows hold; the chain began", out)
    assert b"simulated/echo" in out
    assert (tmp_path / "baton-backup.tar.gz").stat().st_mode & 0o777 == 0o600
