"""What narrows the choice of a model besides what a request needs: wishes, and how the house runs."""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from baton.core.profile import Profile
from baton.core.request import Options
from baton.gateway.routing.rules.agents import Choice
from baton.gateway.routing.rules.use_cases import Aim


class Source(StrEnum):
    """Whose word chose a model, the weightiest first."""

    NAMED = "named"
    """The request's own."""
    PREFERENCE = "preference"
    """Its user's."""
    AGENT = "agent"
    """The routing of the agent that calls."""
    PROMPT = "prompt"
    """That of the prompt that it is served with."""
    EXPERIMENT = "experiment"
    """The arm that its user is in."""
    RULE = "rule"
    """Its use case's."""
    MODEL = "model"
    """A model's row: it is preferred for the use case, which has no rule."""
    TABLE = "table"
    """A table of the house: router v1, or one model for everything."""
    BUDGET = "budget"
    """A budget's, that has too little left for the one that was chosen first."""
    SCORE = "score"
    """Nobody's: the best by score."""


class Override(Struct, frozen=True, kw_only=True):
    """Somebody's word on which model serves where the request names none."""

    source: Source
    whose: str
    """In words, the beginning of a sentence: `The rule for chat`."""
    table: tuple[str, ...] = ()
    """Names of models: the first that fits serves, those after it are asked when it fails."""
    choice: Choice = Choice.MODEL
    """Which one is meant; by default the table's."""
    provider: str | None = None
    """Whose class is meant, or among whose the cheapest is."""
    alone: bool = False
    """Whether no other model is asked after it."""
    aim: Aim = Aim.BALANCED
    """What counts where none of the table fits."""
    in_place: bool = False
    """Whether it stands in place of the use case's rule."""

    @property
    def rules(self) -> bool:
        """Whether its aim counts where nobody is named who fits."""
        return self.in_place or self.source is Source.RULE


class Trial(Struct, frozen=True, kw_only=True):
    """A user's part in an experiment."""

    experiment: str
    arm: str
    phase: str
    """Which state of the experiment it is."""
    override: Override | None = None
    """What the arm says; None: it goes the usual way."""
    prompt: str | None = None
    """The version of a prompt that the arm has, `name@version`."""
    of_prompts: bool = False
    """Whether versions of a prompt are compared: then it counts whoever chooses the model."""

    @property
    def whose(self) -> str:
        """In words, the end of a sentence."""
        return f"the arm {self.arm} of the experiment {self.experiment}"


class Terms(Struct, frozen=True, kw_only=True):
    """What somebody wants of the choice. None: nothing was said of it."""

    profile: Profile | None = None
    max_cost_nanos: int | None = None
    """What a request may be estimated at, at most."""
    overrides: tuple[Override, ...] = ()
    """Whose word is taken before scores are asked, where the request names no model; the first that can be
    followed is."""
    trial: Trial | None = None
    """The experiment that its user takes part in by it, unless somebody weightier names the model."""
    preferred: frozenset[str] = frozenset()
    """Which of these the caller's preferences say, and not the request."""

    def whose(self, name: str) -> str:
        """How a sentence names the source of one of them."""
        return "your preference" if name in self.preferred else "as asked for"


NO_TERMS = Terms()


class Way(Struct, frozen=True, kw_only=True):
    """How a model is chosen where the router may not choose freely."""

    because: str
    """In words, the end of a sentence."""
    table: tuple[str, ...]
    """Names of models: the first that fits serves."""
    strict: bool
    """Whether nobody serves where none of the table fits; else the router's best does."""
    alone: bool
    """Whether no other model is asked after the first; else those of the table that follow it are."""
    retries: int | None = None
    """How often a call is made again where the request does not say it."""
    timeout_s: float | None = None
    """How long the whole call may take where the request does not say it."""

    def over(self, options: Options) -> Options:
        """A request's options, with its own where they say nothing."""
        return replace(
            options,
            max_retries=self.retries if options.max_retries is None else options.max_retries,
            timeout_s=self.timeout_s if options.timeout_s is None else options.timeout_s,
        )
