"""Baton's own options, from the `x-baton-*` headers and the `baton` object of a body."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal, cast

import msgspec
from msgspec import Meta, Raw, Struct
from msgspec.structs import replace

from baton.core.data_needs import MOST as MOST_DATA_NEEDS
from baton.core.data_needs import is_meant, read_data_needs
from baton.core.errors import Invalid
from baton.core.money import nanos_from_usd
from baton.core.profile import Profile
from baton.core.request import MAX_MODEL_CHARS, BrokenStream, CacheWish, Options, Priority
from baton.upstream.dialects.wire import UNREADABLE

HEADER = "x-baton-"
_MAX_TAGS = 32
_MAX_NAMES = 32
_MAX_DEPTH = 16
_Name = Annotated[str, Meta(max_length=64)]
_MAX_FALLBACKS = 8
_MOST_USD = 1_000_000
_Model = Annotated[str, Meta(min_length=1, max_length=MAX_MODEL_CHARS)]
_Fallbacks = Annotated[tuple[_Model, ...], Meta(max_length=_MAX_FALLBACKS)]
_NOTHING = Options()
_NULL = Raw(b"null")


class _Wishes(Struct, rename="camel"):
    """The `baton` object; a header of the same name in kebab case says the same."""

    use_case: _Name | None = None
    agent: _Name | None = None
    project: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    session: Annotated[str, Meta(max_length=200)] | None = None
    profile: Profile | None = None
    max_cost: Decimal | None = None
    """USD; a text, as all money, or a number."""
    timeout: Annotated[float, Meta(gt=0, le=86_400)] | None = None
    """Seconds."""
    max_retries: Annotated[int, Meta(ge=0, le=10)] | None = None
    priority: Priority | None = None
    provider: _Name | None = None
    exclude: Annotated[tuple[_Name, ...], Meta(max_length=_MAX_NAMES)] = ()
    require: Annotated[tuple[_Name, ...], Meta(max_length=_MAX_NAMES)] = ()
    data_needs: Annotated[tuple[_Name, ...], Meta(max_length=MOST_DATA_NEEDS)] = ()
    """What it must say."""
    fallback: Literal["off"] | _Fallbacks | None = None
    """Names of models; `off`: the first error is the answer."""
    fallback_on: Annotated[tuple[Literal["filter"], ...], Meta(max_length=1)] = ()
    stream: BrokenStream | None = None
    cache: CacheWish | None = None
    cache_ttl: Annotated[float, Meta(ge=0, le=2_592_000)] | None = None
    """Seconds."""
    cache_key: Annotated[str, Meta(min_length=1, max_length=512)] | None = None
    prompt: Annotated[str, Meta(min_length=1, max_length=160)] | None = None
    variables: Annotated[dict[_Name, str], Meta(max_length=64)] = {}
    persona: _Name | None = None
    tags: Annotated[dict[_Name, Annotated[str, Meta(max_length=256)]], Meta(max_length=_MAX_TAGS)] = {}
    context: Raw = _NULL
    """A union with None would take nothing but null."""


_FIELDS = {field.name.replace("_", "-"): field.encode_name for field in msgspec.structs.fields(_Wishes)}
_LISTS = frozenset({"exclude", "require", "data-needs", "fallback", "fallback-on"})
_TOLD = ("prompt", "variables", "persona")
"""Options that put something before a request's own words."""

_NEEDS_HEADER = "data-needs"
_NEEDS = _FIELDS[_NEEDS_HEADER]
_OFF = "off"
_JSON = frozenset({"context", "variables"})
_NUMBERS = frozenset({"timeout", "max-retries", "cache-ttl"})
_USE_CASES = {"insight_generation": "insight"}
"""Other words for use cases."""


def read_options(headers: Mapping[str, str], body: bytes | None) -> Options:
    """Both sources together; a header beats the body's field of the same name.

    `headers`: the `x-baton-*` ones, without that prefix. What this version does not act on is `dropped`.

    Raises:
        Invalid: a value cannot be what its name asks for.
    """
    if not headers and body is None:
        return _NOTHING
    wishes: dict[str, Raw] = {}
    if body is not None:
        wishes = _read_object(body)
    known = set(_FIELDS.values())
    dropped = [f"baton.{name}" for name in wishes if name not in known]
    own_needs = wishes.get(_NEEDS)
    for name, text in headers.items():
        if name in _FIELDS:
            wishes[_FIELDS[name]] = _header_value(name, text)
        else:
            dropped.append(HEADER + name)
    refuse_misspelt(dropped)
    try:
        read = msgspec.json.decode(msgspec.json.encode(wishes), type=_Wishes)
        needs = read.data_needs
        if own_needs is not None and own_needs is not wishes[_NEEDS]:  # a header takes nothing of it away
            needs = (*needs, *msgspec.json.decode(own_needs, type=tuple[str, ...]))
        _check_context(read.context)
    except UNREADABLE as error:
        raise Invalid(f"One of Baton's options is wrong: {error}.", param="baton") from None
    return Options(
        use_case=_USE_CASES.get(read.use_case or "", read.use_case),
        agent=read.agent,
        project=None if read.project is None else read.project.strip(),
        session=read.session,
        timeout_s=read.timeout,
        max_retries=read.max_retries,
        priority=read.priority or Priority.NORMAL,
        provider=read.provider,
        profile=read.profile,
        max_cost_nanos=None if read.max_cost is None else _nanos(read.max_cost),
        exclude=read.exclude,
        require=read.require,
        data_needs=read_data_needs(needs, HEADER + "data-needs"),
        fallback=() if read.fallback == _OFF else read.fallback,
        fallback_on_filter=bool(read.fallback_on),
        broken_stream=read.stream or BrokenStream.RESCUE,
        cache=read.cache,
        cache_ttl_s=read.cache_ttl,
        cache_key=read.cache_key,
        prompt=read.prompt,
        variables=read.variables,
        persona=read.persona,
        tags=read.tags,
        context=None if read.context == _NULL else read.context,
        said=True,
        dropped=tuple(dropped),
    )


def unprompted(options: Options) -> Options:
    """The options of what is no chat: nothing is told to a model there, so what was to be is `dropped`."""
    said = {name: getattr(options, name) for name in _TOLD}
    names = tuple(f"baton.{name}" for name, value in said.items() if value)
    if not names:
        return options
    return replace(options, prompt=None, persona=None, variables={}, dropped=(*options.dropped, *names))


def refuse_misspelt(names: Iterable[str]) -> None:
    """Let no option by whose name means what is required of data, in another spelling: to drop it would send
    what was to stay.

    Raises:
        Invalid: one of them does.
    """
    for name in names:
        if is_meant(name.rpartition(".")[2].removeprefix(HEADER)):
            raise Invalid(
                f"There is no option {name!r}. What is required of data is said by {HEADER}data-needs, or"
                " `dataNeeds` in a body.",
                param=name,
            )


def _nanos(amount: Decimal) -> int:
    """A most that nothing at all costs less than is a slip of the pen."""
    try:
        nanos = nanos_from_usd(amount) if amount <= _MOST_USD else 0
    except (InvalidOperation, ValueError):
        nanos = 0
    if nanos <= 0:
        raise Invalid(
            f"The most that a request may cost is an amount in USD, over 0, up to {_MOST_USD}.",
            param=HEADER + "max-cost",
        )
    return nanos


def _check_context(context: Raw) -> None:
    """What is kept as it was written was not looked into: whoever lists it later must be able to read it."""
    if context != _NULL and _deeper(msgspec.json.decode(context), _MAX_DEPTH):
        raise Invalid(f"The context is nested more than {_MAX_DEPTH} deep.", param="baton")


def _deeper(value: Any, levels: int) -> bool:
    """Whether arrays and objects lie in one another more than so many levels deep."""
    if not isinstance(value, dict | list):
        return False
    inner = cast("dict[str, Any]", value).values() if isinstance(value, dict) else cast("list[Any]", value)
    return levels == 0 or any(_deeper(each, levels - 1) for each in inner)


def _read_object(body: bytes) -> dict[str, Raw]:
    try:
        return msgspec.json.decode(body, type=dict[str, Raw])
    except UNREADABLE:
        raise Invalid("'baton' must be an object.", param="baton", code="invalid_value") from None


def _header_value(name: str, text: str) -> Raw:
    """A header's text as the JSON its field wants."""
    text = text.strip()
    if name == _NEEDS_HEADER and not text.strip(", "):
        raise Invalid(f"{HEADER}{name} names nothing.", param=HEADER + name)
    if name in _LISTS and (name, text) != ("fallback", _OFF):
        return Raw(msgspec.json.encode([part.strip() for part in text.split(",") if part.strip()]))
    if name == "tags":
        return Raw(msgspec.json.encode(_tags(text)))
    if name in _NUMBERS or name in _JSON:
        try:
            raw = _bytes_of(text)
            msgspec.json.decode(raw)
        except UNREADABLE:
            wanted = "JSON" if name in _JSON else "a number"
            raise Invalid(f"{HEADER}{name} must be {wanted}.", param=HEADER + name) from None
        return Raw(raw)
    return Raw(msgspec.json.encode(text))


def _bytes_of(text: str) -> bytes:
    """A header's value as it was sent: its bytes were read as Latin-1, and JSON is UTF-8."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def _tags(text: str) -> dict[str, str]:
    tags: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise Invalid(f"{HEADER}tags must be k=v pairs, comma-separated.", param=f"{HEADER}tags")
        tags[key.strip()] = value.strip()
    return tags
