"""What holds for a caller before their request is looked at: their own choices, and the flags."""

from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from baton.access.flags.flag import MULTI_LLM, ROUTER_V2
from baton.access.flags.flags import Flags
from baton.access.preferences.choices import NOTHING_CHOSEN, Choices, Preferences
from baton.core.caller import Caller
from baton.core.errors import Forbidden
from baton.gateway.routing.decision import Ask
from baton.gateway.routing.router import Router
from baton.gateway.routing.rules.rules import NO_RULES, Rules
from baton.gateway.routing.rules.use_cases import UseCaseRule
from baton.gateway.routing.terms import Override, Source, Terms, Trial, Way

_V1_RETRIES = 2
"""Three tries."""

_V1_TIMEOUT_S = 30.0


TrialOf = Callable[[str, Ask], Trial | None]
"""The experiment that a user takes part in by what they ask; None: in none."""


def no_trial(user_id: str, ask: Ask) -> Trial | None:
    """Where nothing is tried."""
    del user_id, ask
    return None


def nothing_chosen(user_id: str) -> Choices:
    """Of an installation whose users choose nothing."""
    del user_id
    return NOTHING_CHOSEN


class Standing:
    """Looks it up: nothing is waited for."""

    def __init__(
        self,
        choices: Callable[[str], Choices] = nothing_chosen,
        flags: Flags | None = None,
        v1: Sequence[str] = (),
        rules: Rules = NO_RULES,
        trial_of: TrialOf = no_trial,
    ) -> None:
        """`choices`: a user's; `flags`: None: all of them are on; `v1`: the table of router v1; `trial_of`:
        what is tried on whom."""
        self._choices = choices
        self._rules = rules
        self._trial_of = trial_of
        self._flags = flags
        self._v1 = Way(
            because="it is the first that fits in the table of router v1 (the flag router_v2 is off)",
            table=tuple(v1),
            strict=True,
            alone=False,
            retries=_V1_RETRIES,
            timeout_s=_V1_TIMEOUT_S,
        )

    def admit(self, caller: Caller) -> None:
        """Let nothing be sent to a model for somebody who wants none.

        Raises:
            Forbidden: the caller has opted out of AI, or was opted out; code `opted_out`.
        """
        choices = self._choices(caller.user_id)
        if choices is not NOTHING_CHOSEN and choices.opt_out is not None:
            raise Forbidden(
                "This user has opted out of AI, so nothing was sent to any model. `DELETE /api/me/opt-out`"
                " takes that back.",
                code="opted_out",
            )

    def completed(
        self, caller: Caller, ask: Ask, rule: UseCaseRule | None = None, *, chooses: bool = True
    ) -> Ask:
        """What is asked, with the caller's preferences where the request says nothing of it, and with whose
        word counts where it names no model. `rule`: one that is only proposed for its use case, on which
        nothing is tried; `chooses`: whether a model is to be chosen."""
        preferences = self._choices(caller.user_id).preferences
        trial = self._trial_of(caller.user_id, ask) if rule is None else None
        if trial is not None and not (chooses or trial.of_prompts):
            trial = None  # of models, which this one names
        if (
            preferences is NOTHING_CHOSEN.preferences
            and ask.use_case is None
            and ask.agent is None
            and ask.prompt_model is None
            and trial is None
        ):
            return ask
        said = ask.terms
        taken: set[str] = set()
        if said.profile is None:
            taken.add("profile")
        if said.max_cost_nanos is None:
            taken.add("max_cost")
        terms = Terms(
            profile=preferences.profile if said.profile is None else said.profile,
            max_cost_nanos=preferences.max_cost_nanos if said.max_cost_nanos is None else said.max_cost_nanos,
            overrides=tuple(self._overrides(ask, preferences, rule, trial)),
            trial=trial,
            preferred=frozenset(taken),
        )
        return replace(ask, terms=terms)

    def _overrides(
        self, ask: Ask, preferences: Preferences, proposed: UseCaseRule | None, trial: Trial | None
    ) -> Iterator[Override]:
        """The weightiest first."""
        if preferences.model is not None:
            yield Override(source=Source.PREFERENCE, whose="Your preference", table=(preferences.model,))
        if ask.agent is not None and preferences.agent_recommendations:
            routing = self._rules.of_agent(ask.agent)
            if routing is not None:
                yield routing
        if ask.prompt_model is not None:
            yield Override(source=Source.PROMPT, whose=f"The prompt {ask.prompt}", table=(ask.prompt_model,))
        tried = None if trial is None else trial.override
        if tried is not None:
            yield tried
            if tried.in_place:
                return
        if ask.use_case is not None:
            rule = self._rules.of_use_case(ask.use_case, proposed)
            if rule is not None:
                yield rule

    def way(self, caller: Caller, router: Callable[[], Router]) -> Way | None:
        """How a model is chosen for a caller; None: freely."""
        flags = self._flags
        if flags is None or flags.all_on:
            return None
        if not flags.on(MULTI_LLM, caller):
            return Way(
                because="one model answers everything here (the flag multi_llm is off)",
                table=router().default_models(),
                strict=False,
                alone=True,
            )
        return None if flags.on(ROUTER_V2, caller) else self._v1


UNDECIDED = Standing()
"""Nobody has chosen anything, and every flag is on."""
