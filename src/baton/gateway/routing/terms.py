"""What narrows the choice of a model besides what a request needs: wishes, and how the house runs."""

from msgspec import Struct
from msgspec.structs import replace

from baton.core.profile import Profile
from baton.core.request import Options


class Terms(Struct, frozen=True, kw_only=True):
    """What somebody wants of the choice. None: nothing was said of it."""

    profile: Profile | None = None
    max_cost_nanos: int | None = None
    """What a request may be estimated at, at most."""
    model: str | None = None
    """The preferred one, where the request names none."""
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
