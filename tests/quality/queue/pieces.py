"""Assessments as tests want them."""

from typing import Any

from baton.core.ids import UuidV7
from baton.quality.objection import Kind, Objection, Severity
from baton.quality.queue.item import Examined, Item, Said
from baton.quality.scores import Scores
from baton.quality.verdict import Verdict, verdict_on

NOW_MS = 1_767_225_600_000
REASONING = "The plan names each day, and the costs of the last one are missing."
new_id = UuidV7()


def item(score: float | None = 80.0, **changes: Any) -> Item:
    """One that a judge has scored; `changes` of the item, or of what was examined."""
    named = {name: changes.pop(name) for name in Examined.__struct_fields__ if name in changes}
    examined = {"user_id": "u1", "interaction_id": new_id(), "provider": "acme", "model": "one", **named}
    whole = None if score is None else int(score)
    fields: dict[str, Any] = {
        "id": new_id(),
        "at_ms": NOW_MS,
        "examined": Examined(**examined),
        "verdict": Verdict.UNSCORED if score is None else verdict_on(score),
        "score": score,
        "scores": None if whole is None else Scores(completeness=whole, coherence=whole, actionability=whole),
        "objections": (Kind.TRUNCATED,),
        "judge": "acme/cheap",
        "judge_prompt": "quality-score@1",
        "asked": 1,
        "cost_nanos": 1000,
        "said": Said(
            reasoning=REASONING,
            objections=(
                Objection(
                    kind=Kind.TRUNCATED, severity=Severity.HINT, because="It ends early.", evidence="and then"
                ),
            ),
        ),
        **changes,
    }
    return Item(**fields)
