"""What every recorded error means: reviewed one by one, by its text, against the table of decision 6."""

from baton.core.answer import Broke
from baton.core.dialect import Dialect
from baton.core.failures import Failure, Kind
from baton.core.provider import ProviderSpec
from baton.upstream.dialects.registry import CODECS
from baton.upstream.dialects.sse import SseReader
from baton.upstream.directory import declared
from tests.contracts.recordings import Exchange, exchanges
from tests.contracts.refused import error_inside

SPECS = {spec.name: spec for spec in declared()}
STRANGERS = {"vertex": Dialect.GOOGLE}
"""Providers that Baton does not declare are read as one that an admin declares with nothing but a dialect:
OpenAI's, if not this one."""

KINDS: dict[Kind, tuple[tuple[int, str | None, tuple[str, ...]], ...]] = {
    Kind.BAD_REQUEST: (
        (400, None, ("openai-026523f3c5", "openai-1af0ec380c", "openai-7f7796f40d", "openai-81816149d5")),
        (400, "invalid_image_url", ("openai-0ca0677676", "openai-65a3235d3d")),
        (400, "unsupported_parameter", ("openai-1a1fdcf385",)),
        (400, "unsupported_value", ("openai-870b7a1882",)),
        (400, "unsupported_file", ("openai-44dafc1304",)),
        (400, "empty_array", ("openai-257812b0ea",)),
        (400, "invalid_value", ("openai-51ab8be953", "openai-adc537d0c9")),
        (400, "integer_below_min_value", ("openai-7bfd1ad040",)),
        (400, "decimal_below_min_value", ("openai-af97571a4b",)),
        (400, "invalid_request_error", ("deepseek-0d038828e0",)),
        (400, None, ("anthropic-0616b01513", "anthropic-500dc64270")),
        (400, None, ("vertex-31263c68ce", "vertex-3f2262e4a6")),
        # An unknown model too, in words that no declaration of ours knows.
        (400, None, ("bedrock-42370d3a16", "bedrock-5ec10a119d", "voyageai-158e4b2982")),
        (400, None, ("bedrock-6f10cde3f5", "bedrock-8b958e3c80", "bedrock-9d0dc48ae1", "bedrock-c9159c556d")),
    ),
    Kind.CREDENTIAL: (
        (401, "invalid_api_key", ("openai-0cd6441429", "openai-5108f2eb2f", "openai-68d0363cef")),
        (401, "invalid_api_key", ("openai-85501098b2", "openai-8bbf848099", "openai-adc9f1830d")),
        (401, None, ("anthropic-072044407b", "anthropic-1c24e59f2a", "azure-bb6a4b7c42")),
        (401, None, ("cohere-58f3df100c", "mistral-e56e3b1fe6", "perplexity-24b4781963")),
        (400, "invalid-argument", ("xai-adda48ae4a",)),
        (400, "API_KEY_INVALID", ("google-86ee0888cf",)),
        (403, None, ("google-55053d5ce1",)),
    ),
    Kind.MODEL_GONE: (
        (404, "model_not_found", ("openai-043924dd68", "openai-1f3d3de541", "openai-916e41d3cd")),
        (404, "model_not_found", ("openai-923edc4bdc", "openai-aeb06f3f51", "openai-fd4202a962")),
        (404, "model_not_found", ("groq-9514edabe0",)),
        (400, "model_not_found", ("openai-7b9edff173", "openai-d98a165432")),
        (404, None, ("anthropic-6bb62a607e", "anthropic-caede72849")),
        (404, None, ("google-52d88363f1", "google-85a870d8a7", "vertex-c033dcdd37")),
        (404, None, ("cohere-b8e2f2fcc6", "ollama-62aafb4cab")),
    ),
    Kind.CONTEXT_LENGTH: (
        (400, "invalid_request_error", ("deepseek-bf6635378f",)),
        (400, None, ("ollama-a9dfe61511", "openrouter-ac945964d7")),
    ),
    Kind.RATE_LIMIT: ((429, None, ("google-22cb1ef41c", "openrouter-0a8f089b43", "openrouter-2dc3eeb43b")),),
    Kind.MALFORMED: (
        (400, "tool_use_failed", ("groq-882092f654", "groq-ea114ad960")),
        # Inside streams that began with a 200.
        (400, "tool_use_failed", ("groq-271d1a2cbb", "groq-2c15e45483")),
    ),
}
"""Kind → status, the provider's own code, ids."""

WAITS = {"google-22cb1ef41c": 48.939935699, "openrouter-2dc3eeb43b": 12.0}
ASKED_S = 1754667660.0 - WAITS["openrouter-2dc3eeb43b"]
"""When they are read: before the moment that one of them names."""


def spec_of(exchange: Exchange) -> ProviderSpec:
    known = SPECS.get(exchange.provider)
    if known is not None:
        return known
    dialect = STRANGERS.get(exchange.provider, Dialect.OPENAI)
    return ProviderSpec(name=exchange.provider, title="A stranger", base_url="https://host", dialect=dialect)


def failure_of(exchange: Exchange) -> Failure:
    spec = spec_of(exchange)
    codec = CODECS[exchange.dialect or spec.dialect]
    if exchange.status != 200:
        return codec.read_failure(spec, exchange.status, exchange.headers, exchange.body, ASKED_S)
    reader = codec.reader(spec)
    told = [one for event in SseReader().feed(exchange.body) for one in reader.read(event)]
    return next(one.failure for one in told if isinstance(one, Broke))


def test_every_recorded_error_has_the_kind_of_the_table() -> None:
    """Status, code and kind of all of them, those inside streams too; only what states a wait has one."""
    found = {
        exchange.id: failure_of(exchange)
        for exchange in exchanges(lambda one: one.status != 200 or error_inside(one) is not None)
    }
    expected = {
        id: (status, code, kind) for kind, rows in KINDS.items() for status, code, ids in rows for id in ids
    }
    assert {id: (one.status, one.code, one.kind) for id, one in found.items()} == expected
    assert {id: one.retry_after_s for id, one in found.items() if one.retry_after_s is not None} == WAITS
    assert all(one.final == (id in FINAL) for id, one in found.items())


FINAL = {"anthropic-072044407b", "anthropic-1c24e59f2a", "anthropic-500dc64270"}
"""With `x-should-retry: false`."""


def test_a_wait_beside_an_answer_means_nothing() -> None:
    """Some providers send `retry-after` with every 200; it is read of errors only."""
    told = [one.id for one in exchanges(lambda one: one.status == 200 and "retry-after" in one.headers)]
    assert len(told) >= 4
    kept = exchanges(lambda one: one.id in told and not one.streamed and one.dialect is not None)
    for exchange in kept:
        spec = spec_of(exchange)
        assert exchange.dialect is not None
        assert CODECS[exchange.dialect].glance(exchange.body, spec).finish is not None
