"""`baton reload`."""

import asyncio

import msgspec
import typer
from msgspec import Struct

from baton.api.fleet.folder import FleetFolder
from baton.cli.installation import ConfigFile, DataDir, existing
from baton.cli.stop import DONE, FAILED, Stop
from baton.cli.terminal import AsJson, counted, print_json
from baton.cli.workers.meeting import ask, supervised
from baton.cli.workers.words import OUTCOMES, RELOAD, Outcome


class Reloaded(Struct, frozen=True):
    """What became of it. `troubles`: why workers were left as they were, where any were."""

    replaced: int
    troubles: tuple[str, ...]


def reload(as_json: AsJson = False, data_dir: DataDir = None, config: ConfigFile = None) -> None:
    """Replace the workers of `baton serve --workers` one by one, without a failed request.

    New ones read settings and code afresh; while one cannot start, the old ones serve on. SIGHUP does the
    same. Host, port and the environment are those of the start.
    """
    folder = existing(config, data_dir).data_dir
    found = supervised(folder)
    if not found:
        raise Stop(f"no workers serve {folder.resolve()}; one process alone has to be started again.")
    outcomes = asyncio.run(_reload(found))
    done = Reloaded(
        replaced=sum(each.replaced for each in outcomes),
        troubles=tuple(each.trouble for each in outcomes if each.trouble is not None),
    )
    if as_json:
        print_json(done)
        raise typer.Exit(FAILED if done.troubles else DONE)
    if done.troubles:
        raise Stop(
            "\n".join(["not all workers were replaced, those that were not serve on:", *done.troubles])
        )
    print(f"{counted(done.replaced, 'worker')} replaced.")


async def _reload(folders: list[FleetFolder]) -> list[Outcome]:
    return list(await asyncio.gather(*(_reload_one(each) for each in folders)))


async def _reload_one(folder: FleetFolder) -> Outcome:
    try:
        return OUTCOMES.decode(await ask(folder, RELOAD))
    except (OSError, msgspec.DecodeError):
        return Outcome(0, "the supervisor ended meanwhile.")


COMMANDS = {"reload": reload}
