"""An interaction as it is shown: by the API, and line by line in exports."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import structs
from pydantic.alias_generators import to_camel

from baton.api.bodies import Shown, moment, usd
from baton.core.money import usd_text
from baton.ledger.repricings import Repricing
from baton.ledger.stored import AttemptRow, FeedbackRow, InteractionRow, Whole
from baton.quality.queue.item import Item
from baton.quality.verdict import Verdict


class TokensShown(Shown):
    """Tokens, as they were reported; `estimated` where nobody reported any."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    cache_write_long_tokens: int
    reasoning_tokens: int
    audio_input_tokens: int
    audio_output_tokens: int
    image_input_tokens: int
    image_output_tokens: int
    estimated: bool


class PriceUsedShown(Shown):
    """The price at the moment of the call, USD per one million tokens; null: as input."""

    input_usd: str
    output_usd: str
    cached_read_usd: str | None
    cache_write_usd: str | None


class ScoresShown(Shown):
    """How the chosen model scored among the others, each 0 to 1; `shift`: by the model's priority."""

    final: float
    quality: float
    cost: float
    availability: float
    shift: float


class RepricedShown(Shown):
    """What a request costs at prices that became known later, in USD, beside what was recorded of it."""

    repriced_at: datetime
    price_version: str
    cost_usd: str
    input_cost_usd: str
    output_cost_usd: str
    unpriced: bool
    pricing: str


class FeedbackShown(Shown):
    """What was thought of an answer; `userId`: who gave it."""

    score: int
    comment: str | None
    user_id: str
    given_at: datetime


class AttemptShown(Shown):
    """One call to a provider; `cost_usd` null: no price is known."""

    n: int
    provider: str
    model_name: str
    credential: str
    status: str
    http_status: int | None
    error: str | None
    started_ms: int
    took_ms: int
    first_token_ms: int | None
    usage: TokensShown
    cost_usd: str | None
    input_cost_usd: str | None
    output_cost_usd: str | None
    pricing: str
    processing: str | None
    charges: dict[str, int] | None


class InteractionShown(Shown):
    """One request as its caller saw it. Money is in USD; `unpriced`: the cost is not wholly known."""

    id: str
    created_at: datetime
    tenant: str
    user_id: str
    key_id: str
    tier: str
    route: str
    dialect: str
    stream: bool
    session: str | None
    agent: str | None
    use_case: str | None
    project: str | None
    type: str | None
    tags: dict[str, str] | None
    context_metadata: Any
    prompt_hash: str | None
    requested_model: str
    provider: str | None
    model_name: str | None
    model_version: str | None
    task_type: str | None
    complexity: float | None
    decision: str | None
    scores: ScoresShown | None
    status: str
    http_status: int | None
    finish: str | None
    schema_violation: str | None
    generated_chars: int
    audio_seconds: float | None
    usage: TokensShown
    cost_usd: str
    input_cost_usd: str
    output_cost_usd: str
    unpriced: bool
    pricing: str
    processing: str | None
    charges: dict[str, int] | None
    price: PriceUsedShown | None
    price_version: str | None
    repriced: RepricedShown | None
    estimated_prompt_tokens: int
    estimated_cost_usd: str | None
    response_time_ms: int | None
    upstream_ms: int | None
    first_token_ms: int | None
    overhead_ms: float | None
    attempt_count: int
    retries: int
    fallback_used: bool
    original_provider: str | None
    fallback_reason: str | None
    cache: str | None
    cache_key: str | None
    cached_from: str | None
    saved_usd: str
    saved_ms: int
    experiment: str | None
    arm: str | None
    phase: str | None
    prompt: str | None
    persona: str | None
    feedback: FeedbackShown | None


class QualityShown(Shown):
    """What a judge said of an answer: `score` 0-100, null where nobody could say; `id`: of the assessment."""

    id: str
    score: float | None
    verdict: Verdict
    completeness: int | None
    coherence: int | None
    actionability: int | None
    judge: str | None
    assessed_at: datetime
    reviews: int


class InteractionDetail(InteractionShown):
    """One request with the calls that it took; `routing`: what was weighed, as the receipt tells it;
    `quality` null: nobody has judged the answer, or not yet."""

    routing: Any
    attempts: list[AttemptShown]
    quality: QualityShown | None


def interaction_shown(found: Whole, *, whole: bool = True) -> InteractionShown:
    """Without its attempts; unless `whole`, also without what its asker said of it, or a hash may tell."""
    fields = _fields(found)
    if not whole:
        fields |= _UNSAID
        if found.feedback is not None:
            fields["feedback"] = feedback_shown(structs.replace(found.feedback, comment=None))
    return InteractionShown(**fields)


def interaction_detail(found: Whole, assessed: Item | None = None) -> InteractionDetail:
    """With its attempts, and what was said of its answer."""
    return InteractionDetail(
        **_fields(found),
        routing=_json(found.interaction.routing),
        attempts=[attempt_shown(each) for each in found.attempts],
        quality=None if assessed is None else _quality(assessed),
    )


def _quality(item: Item) -> QualityShown:
    scores = item.scores
    return QualityShown(
        id=item.id,
        score=item.score,
        verdict=item.verdict,
        completeness=None if scores is None else scores.completeness,
        coherence=None if scores is None else scores.coherence,
        actionability=None if scores is None else scores.actionability,
        judge=item.judge,
        assessed_at=moment(item.at_ms),
        reviews=len(item.reviews),
    )


def attempt_shown(row: AttemptRow) -> AttemptShown:
    """One of its attempts."""
    return AttemptShown(
        n=row.n,
        provider=row.provider,
        model_name=row.model,
        credential=row.credential,
        status=row.status,
        http_status=row.http_status,
        error=row.error,
        started_ms=row.started_ms,
        took_ms=row.took_ms,
        first_token_ms=row.first_token_ms,
        usage=_tokens(row),
        cost_usd=usd(row.cost_nanos),
        input_cost_usd=usd(row.cost_input_nanos),
        output_cost_usd=usd(row.cost_output_nanos),
        pricing=row.pricing,
        processing=row.processing,
        charges=_charges(row),
    )


def feedback_shown(row: FeedbackRow) -> FeedbackShown:
    """What was thought of it."""
    return FeedbackShown(
        score=row.score, comment=row.comment, user_id=row.user_id, given_at=moment(row.at_ms)
    )


_UNSAID: dict[str, Any] = dict.fromkeys(("session", "tags", "context_metadata", "prompt_hash"))


def _fields(found: Whole) -> dict[str, Any]:
    row = found.interaction
    return {
        "id": row.id,
        "created_at": moment(row.at_ms),
        "tenant": row.tenant,
        "user_id": row.user_id,
        "key_id": row.key_id,
        "tier": row.tier,
        "route": row.route,
        "dialect": row.dialect,
        "stream": row.stream,
        "session": row.session,
        "agent": row.agent,
        "use_case": row.use_case,
        "project": row.project,
        "type": row.type,
        "tags": _json(row.tags),
        "context_metadata": _json(row.context),
        "prompt_hash": row.prompt_hash,
        "requested_model": row.requested_model,
        "provider": row.provider,
        "model_name": row.model,
        "model_version": row.model_version,
        "task_type": row.task_type,
        "complexity": row.complexity,
        "decision": row.decision,
        "scores": _json(row.scores),
        "status": row.status,
        "http_status": row.http_status,
        "finish": row.finish,
        "schema_violation": row.schema_violation,
        "generated_chars": row.generated_chars,
        "audio_seconds": row.audio_seconds,
        "usage": _tokens(row),
        "cost_usd": usd_text(row.cost_nanos),
        "input_cost_usd": usd_text(row.cost_input_nanos),
        "output_cost_usd": usd_text(row.cost_output_nanos),
        "unpriced": row.unpriced,
        "pricing": row.pricing,
        "processing": row.processing,
        "charges": _charges(row),
        "price": _price(row),
        "price_version": row.price_revision,
        "repriced": None if found.repriced is None else _repriced(found.repriced),
        "estimated_prompt_tokens": row.estimated_prompt_tokens,
        "estimated_cost_usd": usd(row.estimated_cost_nanos),
        "response_time_ms": row.latency_ms,
        "upstream_ms": row.upstream_ms,
        "first_token_ms": row.first_token_ms,
        "overhead_ms": None if row.overhead_us is None else row.overhead_us / 1000,
        "attempt_count": row.attempts,
        "retries": row.retries,
        "fallback_used": row.fell_back,
        "original_provider": row.original_provider,
        "fallback_reason": row.fallback_reason,
        "cache": row.cache,
        "cache_key": row.cache_key,
        "cached_from": row.cached_from,
        "saved_usd": usd_text(row.saved_nanos),
        "saved_ms": row.saved_ms,
        "experiment": row.experiment,
        "arm": row.arm,
        "phase": row.phase,
        "prompt": row.prompt,
        "persona": row.persona,
        "feedback": None if found.feedback is None else feedback_shown(found.feedback),
    }


def _json(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)


def _charges(row: InteractionRow | AttemptRow) -> dict[str, int] | None:
    """In JSON's words: `webSearch`."""
    counts = _json(row.charges)
    return None if counts is None else {to_camel(name): count for name, count in counts.items()}


def _tokens(row: InteractionRow | AttemptRow) -> TokensShown:
    return TokensShown(
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        total_tokens=row.prompt_tokens + row.completion_tokens,
        cached_tokens=row.cached_tokens,
        cache_write_tokens=row.cache_write_tokens,
        cache_write_long_tokens=row.cache_write_long_tokens,
        reasoning_tokens=row.reasoning_tokens,
        audio_input_tokens=row.audio_in_tokens,
        audio_output_tokens=row.audio_out_tokens,
        image_input_tokens=row.image_in_tokens,
        image_output_tokens=row.image_out_tokens,
        estimated=row.usage_estimated,
    )


def _price(row: InteractionRow) -> PriceUsedShown | None:
    if row.price_input is None or row.price_output is None:
        return None
    return PriceUsedShown(
        input_usd=usd_text(row.price_input),
        output_usd=usd_text(row.price_output),
        cached_read_usd=usd(row.price_cached),
        cache_write_usd=usd(row.price_cache_write),
    )


def _repriced(found: Repricing) -> RepricedShown:
    return RepricedShown(
        repriced_at=moment(found.at_ms),
        price_version=found.price_revision,
        cost_usd=usd_text(found.cost_nanos),
        input_cost_usd=usd_text(found.cost_input_nanos),
        output_cost_usd=usd_text(found.cost_output_nanos),
        unpriced=found.unpriced,
        pricing=found.pricing,
    )
