"""What is said of answers once they were given: put together."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from msgspec import structs

from baton.access.identity.keyring import Keyring
from baton.access.preferences.user_choices import UserChoices
from baton.access.signin.seal import Seal
from baton.app.edited import Edited, drawing_of
from baton.app.storehouse import Storehouse
from baton.core.caller import Caller, KeyLimits
from baton.prompts.library import Library
from baton.quality.assessor import Assessor, Bench
from baton.quality.checks.checks import packaged_checks
from baton.quality.judging.asking import Answers
from baton.quality.judging.prompt import NAME, packaged_again
from baton.quality.queue.figures import Figures
from baton.quality.queue.store import PURPOSE, Queue
from baton.quality.rules import JUDGING
from baton.quality.traffic.drawing import Drawing
from baton.quality.traffic.sampler import Sampler

_MARK_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessing:
    """Its parts."""

    queue: Queue
    figures: Figures
    assessor: Assessor
    drawing: Drawing
    sampler: Sampler


async def assessing(
    edited: Edited,
    store: Storehouse,
    library: Library,
    choices: UserChoices,
    keyring: Keyring,
    answers: Answers,
) -> Assessing:
    """Put it together. `answers`: asks judges."""
    queue = Queue(store.database, store.scribe, Seal(store.secret.derive(PURPOSE)))
    bench = Bench(
        answers=answers,
        checks=packaged_checks,
        again=packaged_again(),
        version=partial(library.version, NAME),
        payer=await _payer(store, keyring),
        draw=partial(secrets.token_hex, _MARK_BYTES),
        new_id=store.new_id,
        clock=store.clock,
    )
    assessor = Assessor(bench, queue)
    drawing = drawing_of(edited.quality_rules, store)

    def opted_out(user_id: str) -> bool:
        return choices.of(user_id).opt_out is not None

    return Assessing(
        queue=queue,
        figures=Figures(store.database),
        assessor=assessor,
        drawing=drawing,
        sampler=Sampler(drawing, assessor, opted_out),
    )


async def _payer(store: Storehouse, keyring: Keyring) -> Callable[[], Caller | None]:
    """On whose account judges are asked: the first admin's, whom no limit of requests stops."""
    first, *_ = await store.identities.users()

    def payer() -> Caller | None:
        caller = keyring.caller(first.id, JUDGING)
        return None if caller is None else structs.replace(caller, limits=KeyLimits(unlimited=True))

    return payer
