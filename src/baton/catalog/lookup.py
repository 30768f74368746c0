"""Names of models, resolved: one immutable catalog per change of the rows; a look-up is a dict get."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from difflib import get_close_matches
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from baton.catalog.almanac import Almanac
from baton.catalog.model import Model
from baton.catalog.prices import FREE, Prices, Term, in_force, next_change_s
from baton.catalog.tokens.gauge import ROUGHLY, Gauge
from baton.core.errors import Invalid, NotFound
from baton.core.provider import ProviderSpec

_DATED_OR_LATEST = re.compile(r"-(?:\d{8}|\d{4}-\d{2}-\d{2}|latest)$")
_CALLABLE_NAME = re.compile(r"(?!(?:.*/)?\.{1,2}(?:/|$))[^\s\x00-\x1f\x7f]{1,190}")
"""What may be passed on; a name with a step like `..` could move the path it is put into."""
_SHOWN_CHARS = 80  # of a name that nobody knows: enough to recognise it, too little to be a burden
_NO_REVISIONS: Mapping[str, int] = MappingProxyType({})
LOCAL_PRICE = "local"
"""The price version of what runs on a machine of one's own and has no price of its own."""


def price_version(revision: int, entry: Prices) -> str:
    """What a row of the ledger says of where its price is from; the record's history can be asked for it."""
    return f"r{revision}@{entry.name}"


def unlisted_price(
    spec: ProviderSpec, name: str, almanac: Almanac | None, at_s: float
) -> tuple[Prices | None, str]:
    """What a model without a row costs at a moment (Unix seconds), and the version of that price.

    None: nobody knows; the version is empty then.
    """
    if spec.local:
        return FREE, LOCAL_PRICE
    prices = None if almanac is None else in_force(almanac.prices.of(spec.name, name), at_s)
    return (None, "") if prices is None else (prices, f"package@{prices.name}")


class Offer(Struct, frozen=True, kw_only=True):
    """A model as it stands now."""

    id: str
    """`provider/name`."""
    model: Model
    prices: Prices | None
    """Those in force; None: unpriced."""
    price_version: str = ""
    """Which edition of which revision of the row they are, e.g. `r3@2026-08-17`; empty: unpriced."""
    retired: bool
    gauge: Gauge = ROUGHLY
    """How it counts tokens."""


class Resolution(Struct, frozen=True, kw_only=True):
    """What a name means."""

    offer: Offer
    asked: str
    """As the caller wrote it."""
    note: str | None = None
    """Said where the model is retired, or another takes its place."""
    known: bool = True
    """Whether it is in the catalog; otherwise the name is passed on to the provider as it is."""

    @property
    def model(self) -> Model:
        """The row, or what stands for one."""
        return self.offer.model

    @property
    def prices(self) -> Prices | None:
        """Those in force; None: unpriced."""
        return self.offer.prices


class Catalog:
    """Every model at one moment, found by any of its names. Never changes; see `LiveCatalog`."""

    def __init__(
        self,
        models: Iterable[Model],
        providers: Iterable[ProviderSpec],
        now_s: float,
        strict: bool = False,
        revisions: Mapping[str, int] = _NO_REVISIONS,
        almanac: Almanac | None = None,
    ) -> None:
        """`strict`: names that no row has are not passed on to a provider; `revisions`: of the rows by id;
        `almanac`: what is known besides the rows; None: nothing, and four characters make a token."""
        rows = tuple(models)
        self._revisions = revisions
        self._providers = {spec.name: spec for spec in providers}
        self._strict = strict
        self._almanac = almanac
        self._now_s = now_s
        self._words = _provider_words(self._providers.values())
        self.offers = tuple(self._offer(model, now_s) for model in rows)
        """In the order of the rows."""
        self._by_id = {offer.id.lower(): offer for offer in self.offers}
        self.expires_at_s = min(
            next_change_s(self._price_lists(rows), now_s),
            min((day for model in rows if (day := _retires_s(model)) > now_s), default=float("inf")),
        )
        """From then on a price or a retirement makes it out of date (Unix seconds)."""
        self._names = self._index()
        self._exact = {entry.asked: entry for entry in self._names.values() if isinstance(entry, Resolution)}

    def resolve(self, name: str) -> Resolution:
        """The model that a name means: `provider/name`, a bare name or an alias, in any case.

        Raises:
            Invalid: several providers have a model of that name; they are listed.
            NotFound: `model_not_found`, with the nearest names.
        """
        found = self._exact.get(name)
        if found is not None:
            return found
        entry = self._names.get(name.lower())
        if entry is None:
            entry = self._by_provider_word(name)
        if isinstance(entry, Resolution):
            return replace(entry, asked=name)
        if entry is None:
            raise self.unknown(name)
        raise Invalid(
            f"Several providers have a model {name!r}. Say which: {', '.join(entry)}.",
            code="ambiguous_model",
            param="model",
        )

    def served(self, name: str) -> Offer | None:
        """The model that a rule means by a name: what takes its place where it is retired; None: nobody."""
        entry = self._names.get(name.lower())
        if not isinstance(entry, Resolution):
            return None
        offer = _current(entry.offer, name, self._by_id).offer
        return None if offer.retired else offer

    def provider(self, word: str) -> ProviderSpec | None:
        """The provider of that name or alias, in any case."""
        return self._words.get(word.lower())

    def row(self, model_id: str) -> Offer | None:
        """The model of exactly that id, if it has a row."""
        offer = self._by_id.get(model_id.lower())
        return offer if offer is not None and offer.id == model_id else None

    def _by_provider_word(self, name: str) -> Resolution | tuple[str, ...] | None:
        word, slash, rest = name.partition("/")
        spec = self.provider(word)
        if spec is None:
            return None
        if not slash:
            default = spec.classes.default if spec.classes is not None else ""
            entry = self._names.get(f"{spec.name}/{default}".lower())
            if isinstance(entry, Resolution):
                return _current(entry.offer, name, self._by_id)
            return entry or (self._passed_on(spec, default) if default else None)
        return self._names.get(f"{spec.name}/{rest}".lower()) or self._passed_on(spec, rest)

    def _passed_on(self, spec: ProviderSpec, name: str) -> Resolution | None:
        if self._strict or not _CALLABLE_NAME.fullmatch(name):
            return None
        model = Model(provider=spec.name, name=name, capabilities=spec.capabilities | {"text"})
        prices, version = unlisted_price(spec, name, self._almanac, self._now_s)
        offer = Offer(
            id=model.id,
            model=model,
            prices=prices,
            price_version=version,
            retired=False,
            gauge=self._gauge(model),
        )
        return Resolution(offer=offer, asked=model.id, known=False)

    def _offer(self, model: Model, now_s: float) -> Offer:
        spec = self._providers.get(model.provider)
        prices = in_force(model.prices, now_s)
        version = "" if prices is None else price_version(self._revisions.get(model.id, 0), prices)
        if prices is None and spec is not None and spec.local:
            prices, version = FREE, LOCAL_PRICE
        retired = _retires_s(model) <= now_s
        return Offer(
            id=model.id,
            model=model,
            prices=prices,
            price_version=version,
            retired=retired,
            gauge=self._gauge(model),
        )

    def _gauge(self, model: Model) -> Gauge:
        """What is no chat is not framed as one."""
        if self._almanac is None or "text" not in model.capabilities:
            return ROUGHLY
        return self._almanac.calibration.gauge_of(model.name)

    def _price_lists(self, rows: Iterable[Model]) -> Iterator[Sequence[Term]]:
        """All of which may change with the calendar."""
        for model in rows:
            yield model.prices
        if self._almanac is not None:
            yield from self._almanac.prices.changing

    def _index(self) -> dict[str, Resolution | tuple[str, ...]]:
        """Lower-cased names → what they mean; a clearer kind of name is never hidden by a vaguer one."""
        names: dict[str, Resolution | tuple[str, ...]] = {}
        for kind in (_full, _full_aliases, _bare, _aliases, _short):
            claims: dict[str, list[tuple[str, Offer]]] = {}
            for offer in self.offers:
                for name in kind(offer.model):
                    # `acme/large` at another host is not to be taken for acme's own `large`.
                    if kind in (_full, _full_aliases) or self.provider(name.partition("/")[0]) is None:
                        claims.setdefault(name.lower(), []).append((name, offer))
            for lower, claimed in claims.items():
                if lower not in names:
                    names[lower] = _settle(claimed)
        return names

    def unknown(self, name: str) -> NotFound:
        """The refusal of a name that means nothing, with the nearest that do."""
        shown = name[:_SHOWN_CHARS]
        bare = {offer.model.name.lower(): offer.id for offer in self.offers}
        full = {offer.id.lower(): offer.id for offer in self.offers}
        near = get_close_matches(shown.lower(), full if "/" in shown else bare, n=3, cutoff=0.6)
        ids = [full.get(match) or bare[match] for match in near]
        hint = f" Did you mean {' or '.join(ids)}?" if ids else ""
        return NotFound(f"There is no model {shown!r}.{hint}", code="model_not_found", param="model")


def _settle(claimed: list[tuple[str, Offer]]) -> Resolution | tuple[str, ...]:
    """One model, where one has the name or only one of those that have it is served; else their ids.

    A retired model that is named is still meant: the catalog may be mistaken, and the provider knows best.
    """
    served = [(name, offer) for name, offer in claimed if not offer.retired and offer.model.is_enabled]
    for choices in (claimed, served):
        if len({offer.id for _, offer in choices}) == 1:
            name, offer = choices[0]
            note = f"{offer.id} was retired on {offer.model.retired_at}." if offer.retired else None
            return Resolution(offer=offer, asked=name, note=note)
    return tuple(sorted({offer.id for _, offer in claimed}))


def _current(offer: Offer, name: str, by_id: Mapping[str, Offer]) -> Resolution:
    """What stands for `offer` today, where it was not named itself: what takes a retired model's place."""
    heir, seen = offer, {offer.id}
    while heir.retired and heir.model.replaced_by is not None:
        following = by_id.get(heir.model.replaced_by.lower())
        if following is None or following.id in seen:
            break
        heir = following
        seen.add(heir.id)
    if heir is offer or heir.retired:
        return Resolution(offer=offer, asked=name)
    note = f"{offer.id} was retired on {offer.model.retired_at}; {heir.id} takes its place."
    return Resolution(offer=heir, asked=name, note=note)


def _full(model: Model) -> tuple[str, ...]:
    return (model.id,)


def _full_aliases(model: Model) -> tuple[str, ...]:
    return tuple(f"{model.provider}/{alias}" for alias in (*model.aliases, *_short(model)))


def _bare(model: Model) -> tuple[str, ...]:
    return (model.name,)


def _aliases(model: Model) -> tuple[str, ...]:
    return model.aliases


def _short(model: Model) -> tuple[str, ...]:
    """The name without its date or `-latest`."""
    short = _DATED_OR_LATEST.sub("", model.name)
    return () if short == model.name else (short,)


def _provider_words(specs: Iterable[ProviderSpec]) -> dict[str, ProviderSpec]:
    """Names win over aliases."""
    listed = tuple(specs)
    words = {alias.lower(): spec for spec in listed for alias in spec.aliases}
    return words | {spec.name.lower(): spec for spec in listed}


def _retires_s(model: Model) -> float:
    if model.retired_at is None:
        return float("inf")
    return datetime.combine(model.retired_at, time(), UTC).timestamp()
