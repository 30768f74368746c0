"""Which model name behaves how: what control has set, else what the name itself says."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from baton.core.errors import Invalid, NotFound
from baton.upstream.providers.simulated.dice import Dice
from baton.upstream.providers.simulated.manner import Fault, Manner, Mode, read_manner, split

_PREFIX = "simulated/"
_MOST_COUNTED = 10_000  # names; more would be a leak
_MODES = frozenset(Mode)


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"behaves": "as"}):
    """How a model shall behave."""

    behaves: str
    """A mode and settings, as in a model's name; `as` in JSON."""
    says: str | None = None
    """Text to answer with, whatever was asked."""


class Rules:
    """The behaviour of every name, and which of its calls fail."""

    def __init__(self, unknown: str | None = None) -> None:
        """`unknown`: how names behave that are neither set nor a mode; None: they are not found.

        Raises:
            Invalid: `unknown` makes no sense.
        """
        self._set: dict[str, Rule] = {}
        self._unknown: Rule | None = None
        self._asked: dict[str, tuple[int, float]] = {}
        """How often each name was asked, and when first."""
        self.set_unknown(Rule(behaves=unknown) if unknown is not None else None)

    @property
    def by_model(self) -> Mapping[str, Rule]:
        """What was set."""
        return MappingProxyType(self._set)

    @property
    def unknown(self) -> Rule | None:
        """How unknown names behave."""
        return self._unknown

    def set(self, model: str, rule: Rule | None) -> None:
        """From now on, the model behaves so; None: as its own name says. Its calls are counted anew.

        Raises:
            Invalid: the rule makes no sense.
        """
        if rule is None:
            self._set.pop(model, None)
        else:
            _manner(rule, {})
            self._set[model] = rule
        for name in [name for name in self._asked if name.partition(";")[0] == model or name == model]:
            del self._asked[name]

    def set_all(self, rules: Mapping[str, Rule | None], unknown: Rule | None) -> None:
        """As `set` for each, and `set_unknown`; all of them, or none.

        Raises:
            Invalid: one of them makes no sense.
        """
        for rule in rules.values():
            if rule is not None:
                _manner(rule, {})
        self.set_unknown(unknown)
        for model, rule in rules.items():
            self.set(model, rule)

    def set_unknown(self, rule: Rule | None) -> None:
        """From now on, unknown names behave so; None: they are not found.

        Raises:
            Invalid: the rule makes no sense.
        """
        if rule is not None:
            _manner(rule, {})
        self._unknown = rule

    def reset(self) -> None:
        """Forget what was set, and the counts of calls; unknown names keep their behaviour."""
        self._set.clear()
        self._asked.clear()

    def manner(self, model: str) -> Manner:
        """How the model behaves.

        Raises:
            NotFound: nobody knows the name.
            Invalid: its settings make no sense.
        """
        name = model.removeprefix(_PREFIX)
        base, settings = split(name)
        rule = self._set.get(name)
        if rule is not None:
            return _manner(rule, {})
        rule = self._set.get(base)
        if rule is None and base in _MODES:
            rule = Rule(behaves=base)
        rule = rule or self._unknown
        if rule is None:
            known = ", ".join(Mode)
            raise NotFound(f"The simulated provider has no model '{base}'; it has {known}.", param="model")
        return _manner(rule, settings)

    def strikes(self, key: str, fault: Fault, now_s: float) -> bool:
        """Count one call under `key`, and say whether the fault befalls it. `now_s`: monotonic."""
        key = key.removeprefix(_PREFIX)
        before, first_s = self._asked.pop(key, (0, now_s))
        count = before + 1
        self._asked[key] = (count, first_s)  # at the end, so that the longest unasked leaves first
        if len(self._asked) > _MOST_COUNTED:
            del self._asked[next(iter(self._asked))]
        if not fault.due(count, now_s - first_s):
            return False
        return fault.rate >= 1 or Dice(fault.seed, count).unit() < fault.rate


def _manner(rule: Rule, settings: Mapping[str, str]) -> Manner:
    base, own = split(rule.behaves)
    if base not in _MODES:
        raise Invalid(f"'{base}' is no way for a simulated model to behave: {', '.join(Mode)}", param="as")
    return read_manner(Mode(base), {**own, **settings}, rule.says)
