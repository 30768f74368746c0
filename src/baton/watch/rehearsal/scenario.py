"""What is rehearsed: who is down, how, for how long, and what is asked meanwhile."""

from msgspec import Struct

from baton.core.errors import Invalid
from baton.upstream.providers.simulated.manner import Mode, read_manner, settings_of

MOST_REQUESTS = 1000
"""Of one rehearsal; each is asked twice, with the outage and without."""

MOST_LASTS_S = 3600.0


class Question(Struct, frozen=True):
    """One kind of request."""

    model: str
    stream: bool


class Scenario(Struct, frozen=True, kw_only=True):
    """An outage, and the traffic that it befalls."""

    down: tuple[str, ...]
    """Providers."""
    fault: str
    """A status or a kind of fault, with settings behind it if any: `503`, `429;retry_after=20`."""
    lasts_s: float
    questions: tuple[Question, ...]
    requests: int
    """Of each question, spread evenly over the time."""

    def check(self) -> None:
        """See whether it makes sense.

        Raises:
            Invalid: it does not.
        """
        settings = settings_of(f"fault={self.fault}")
        try:
            read_manner(Mode.LOREM, settings)
        except Invalid as error:
            raise Invalid(f"'{self.fault}' is no fault: {error.message}.", param="fault") from None
        if len(settings) > 1 and settings.keys() & {"latency", "tps", "words", "script"}:
            raise Invalid("Only settings of a fault can stand behind it.", param="fault")
        if self.requests * len(self.questions) > MOST_REQUESTS:
            raise Invalid(
                f"{self.requests} requests of each of {len(self.questions)} questions are too many: "
                f"one rehearsal asks {MOST_REQUESTS} at most.",
                param="requests",
            )

    def schedule(self) -> list[tuple[float, Question]]:
        """When what is asked, in seconds from the beginning; no two at the same moment."""
        step_s = self.lasts_s / self.requests
        return sorted(
            (
                (step_s * (turn + place / len(self.questions)), question)
                for turn in range(self.requests)
                for place, question in enumerate(self.questions)
            ),
            key=lambda each: each[0],
        )
