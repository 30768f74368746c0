"""What attempts of the past cost at the prices that today's catalog has for their time."""

from collections.abc import Iterable, Mapping

from baton.catalog.lookup import LOCAL_PRICE, price_version
from baton.catalog.model import Model
from baton.catalog.prices import FREE, in_force
from baton.catalog.pricing import Standing, cost
from baton.core.provider import ProviderSpec, Service
from baton.gateway.entry import in_the_book
from baton.ledger.repricings import Priced, Spent
from baton.records.kind import Record

_NOT_BY_TOKENS = frozenset({Service.IMAGES.value, Service.TRANSCRIPTIONS.value})
"""What may be paid by something else wherever nobody reports tokens."""

_UNKNOWN = Priced(cost=None, version="")


class PastPrices:
    """A `Pricer`: prices by the catalog's rows as they are."""

    def __init__(self, models: Mapping[str, Record[Model]], providers: Iterable[ProviderSpec]) -> None:
        """`models`: the records by key, `provider/name`."""
        self._models = models
        self._local = frozenset(spec.name for spec in providers if spec.local)

    def __call__(self, spent: Spent) -> Priced:
        """The cost of an attempt, and which version of the prices it is by."""
        record = self._models.get(f"{spent.provider}/{spent.model}")
        prices = None if record is None else in_force(record.value.prices, spent.at_ms / 1000)
        if record is not None and prices is not None:
            version = price_version(record.revision, prices)
        elif spent.provider in self._local:
            prices, version = FREE, LOCAL_PRICE
        else:
            return _UNKNOWN
        priced = cost(spent.usage, prices)
        found = in_the_book(priced)
        if found is None or (found.total_nanos != priced.fees and self._unmeasured(record, spent)):
            return _UNKNOWN
        return Priced(cost=found, version=version, partly=priced.standing is Standing.PARTLY)

    @staticmethod
    def _unmeasured(record: Record[Model] | None, spent: Spent) -> bool:
        """Whether the tokens are a guess beside what is really paid for."""
        service = record is not None and record.value.required_capabilities & _NOT_BY_TOKENS
        return bool(service) and spent.usage.estimated
