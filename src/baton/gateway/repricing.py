"""What attempts of the past cost at the prices that today's catalog has for their time."""

from collections.abc import Iterable, Mapping

from baton.catalog.almanac import Almanac
from baton.catalog.lookup import price_version, unlisted_price
from baton.catalog.model import Model
from baton.catalog.prices import Prices, in_force
from baton.catalog.pricing import Standing, cost
from baton.core.provider import ProviderSpec, Service
from baton.gateway.entry import in_the_book
from baton.ledger.repricings import Priced, Spent
from baton.records.kind import Record

_NOT_BY_TOKENS = frozenset({Service.IMAGES.value, Service.TRANSCRIPTIONS.value})
"""What may be paid by something else wherever nobody reports tokens."""

_UNKNOWN = Priced(cost=None, version="")


class PastPrices:
    """A `Pricer`: prices by the catalog's rows as they are, and by the almanac where there is no row."""

    def __init__(
        self, models: Mapping[str, Record[Model]], providers: Iterable[ProviderSpec], almanac: Almanac
    ) -> None:
        """`models`: the records by key, `provider/name`."""
        self._models = models
        self._providers = {spec.name: spec for spec in providers}
        self._almanac = almanac

    def __call__(self, spent: Spent) -> Priced:
        """The cost of an attempt, and which version of the prices it is by."""
        record = self._models.get(f"{spent.provider}/{spent.model}")
        prices, version = self._in_force(record, spent)
        if prices is None:
            return _UNKNOWN
        priced = cost(spent.usage, prices)
        found = in_the_book(priced)
        if found is None or (found.total_nanos != priced.fees and self._unmeasured(record, spent)):
            return _UNKNOWN
        return Priced(cost=found, version=version, partly=priced.standing is Standing.PARTLY)

    def _in_force(self, record: Record[Model] | None, spent: Spent) -> tuple[Prices | None, str]:
        """The prices of the time, and their version."""
        at_s = spent.at_ms / 1000
        prices = None if record is None else in_force(record.value.prices, at_s)
        if record is not None and prices is not None:
            return prices, price_version(record.revision, prices)
        spec = self._providers.get(spent.provider)
        if spec is None or (record is not None and not spec.local):
            return None, ""
        return unlisted_price(spec, spent.model, self._almanac, at_s)

    @staticmethod
    def _unmeasured(record: Record[Model] | None, spent: Spent) -> bool:
        """Whether the tokens are a guess beside what is really paid for."""
        service = record is not None and record.value.required_capabilities & _NOT_BY_TOKENS
        return bool(service) and spent.usage.estimated
