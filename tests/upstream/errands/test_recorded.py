"""Recorded embeddings and moderations: asked for as they were asked for, read as they were meant."""

import json

import pytest

from baton.core.failures import Kind
from baton.core.provider import ProviderSpec, Service
from baton.core.request import Options
from baton.upstream.dialects.openai.errors import read_failure
from baton.upstream.directory import declared
from baton.upstream.errands.errand import Answer, Letter, Task
from baton.upstream.errands.registry import TASKS
from tests.contracts.recordings import Exchange, exchanges

SPECS = {spec.name: spec for spec in declared()}
SOMEBODY = ProviderSpec(name="somebody", title="Somebody", base_url="https://example.com")
KINDS = {404: Kind.MODEL_GONE, 400: Kind.BAD_REQUEST}
SERVICES = [Service.EMBEDDINGS, Service.MODERATIONS]


def recorded(service: Service) -> tuple[Task, list[tuple[Exchange, ProviderSpec]]]:
    task = TASKS[service]
    found = exchanges(lambda exchange: exchange.endpoint.endswith(task.path))
    return task, [(exchange, SPECS.get(exchange.provider, SOMEBODY)) for exchange in found]


@pytest.mark.parametrize("service", SERVICES)
def test_a_request_goes_out_as_it_came_in(service: Service) -> None:
    """Every field, the unknown ones too, under whatever name the provider has for the model."""
    task, found = recorded(service)
    assert found
    for exchange, _ in found:
        body = json.dumps(exchange.request).encode()
        letter = Letter(body=body, content_type="", headers={}, read_options=lambda _: Options())
        errand = task.read(letter)
        assert errand.model == exchange.request.get("model", "auto"), exchange.id
        assert errand.needs == {service.value}
        assert json.loads(errand.body_for("another")) == exchange.request | {"model": "another"}, exchange.id


@pytest.mark.parametrize("service", SERVICES)
def test_an_answer_is_read_with_its_tokens(service: Service) -> None:
    """Counts as reported, in whichever words; the model as the provider names it."""
    task, found = recorded(service)
    answered = [(exchange, spec) for exchange, spec in found if exchange.status == 200]
    assert answered
    for exchange, spec in answered:
        seen = task.glance(Answer(exchange.body, "application/json"), spec)
        reported = exchange.parsed.get("usage")
        assert seen.model == exchange.parsed["model"], exchange.id
        if reported is None:
            assert seen.usage is None
        else:
            assert seen.usage is not None
            assert (seen.usage.prompt, seen.usage.completion) == (reported["total_tokens"], 0), exchange.id


def test_an_error_is_known_for_what_it_is() -> None:
    """An unknown model and a wrong field, with the provider's words."""
    _, found = recorded(Service.EMBEDDINGS)
    refused = [(exchange, spec) for exchange, spec in found if exchange.status != 200]
    assert refused
    for exchange, spec in refused:
        failure = read_failure(spec, exchange.status, exchange.headers, exchange.body, 0.0)
        assert failure.kind is KINDS[exchange.status], exchange.id
        told = exchange.parsed.get("error", exchange.parsed)
        assert failure.message in (told.get("message"), told.get("detail")), exchange.id
