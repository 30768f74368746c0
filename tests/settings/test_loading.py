"""Settings: every mistake at once, each with the name of what to set, and no secret in any message."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.core.dialect import Dialect
from baton.core.rates import Rates
from baton.gateway.cache.provider import CacheProvider
from baton.settings import Misconfigured, Settings, load
from baton.upstream.directory import declared
from baton.upstream.outbound.guard import Guard

SPECS = declared()


def problems(environment: Mapping[str, str], config: Path | None = None, **overrides: Any) -> dict[str, str]:
    """What is wrong, by name; empty where nothing is."""
    try:
        load(environment, SPECS, config, overrides)
    except Misconfigured as error:
        return {problem.name: problem.what for problem in error.problems}
    return {}


def toml(folder: Path, text: str) -> Path:
    path = folder / "baton.toml"
    path.write_text(text)
    return path


def test_nothing_needs_to_be_said() -> None:
    """Without a word, Baton listens on this machine only."""
    settings = load({}, SPECS)
    assert (settings.host, settings.port, settings.retries, settings.strict_models) == (
        "127.0.0.1",
        8080,
        None,
        False,
    )
    assert all(not provider.keys for provider in settings.providers.values())


def test_the_command_line_beats_the_environment_beats_the_file(tmp_path: Path) -> None:
    """Of three voices the nearest counts; one that says nothing leaves the next one its say."""
    config = toml(tmp_path, 'port = 1001\nhost = "file"\nretries = 5\nlog_level = "error"\n')
    environment = {"BATON_PORT": "1002", "BATON_HOST": "environment", "BATON_LOG_LEVEL": ""}
    settings = load(environment, SPECS, config, {"port": 1003, "host": None})
    assert (settings.port, settings.host, settings.retries, settings.log_level) == (
        1003,
        "environment",
        5,
        "error",
    )


def test_every_mistake_is_told_at_once() -> None:
    """One start shows all of them."""
    found = problems(
        {
            "BATON_PORT": "many",
            "BATON_RETRIES": "-1",
            "BATON_LOG_LEVEL": "loud",
            "BATON_MASTER_KEY": "short",
            "BATON_CA_FILE": "/no/such/file",
            "OPENAI_BASE_URL": "api.example",
            "XAI_API_KEY": "a,,b",
            "GROQ_FREE_TIER": "perhaps",
            "GROK_RPM": "many",
            "CLAUDE_TPM": "0",
        }
    )
    assert set(found) >= {
        "BATON_PORT",
        "BATON_RETRIES",
        "BATON_LOG_LEVEL",
        "BATON_MASTER_KEY",
        "OPENAI_BASE_URL",
        "XAI_API_KEY",
        "GROQ_FREE_TIER",
        "GROK_RPM",
        "CLAUDE_TPM",
    }


def test_a_slip_of_the_pen_is_shown_with_what_was_meant() -> None:
    """A name of ours that means nothing is no silent nothing."""
    assert "BATON_RETRIES" in problems({"BATON_RETRYS": "3"})["BATON_RETRYS"]


def test_other_programs_names_are_left_alone() -> None:
    """What does not begin with our name is none of our business."""
    assert problems({"PATH": "/bin", "HOME": "/", "BATTERY": "full"}) == {}


def test_customary_names_are_honoured() -> None:
    """The database and the proxies by the names that other programs use; our own name beats them."""
    settings = load({"DATABASE_URL": "sqlite:///x", "HTTPS_PROXY": "http://p:1", "no_proxy": "a,b"}, SPECS)
    assert (settings.database_url, settings.https_proxy, settings.no_proxy) == (
        "sqlite:///x",
        "http://p:1",
        "a,b",
    )
    assert load({"DATABASE_URL": "one", "BATON_DATABASE_URL": "two"}, SPECS).database_url == "two"


def test_a_provider_is_asked_in_the_dialect_that_is_set(tmp_path: Path) -> None:
    """In the environment or in the file; a word that is no dialect is refused with those that are."""
    config = toml(tmp_path, '[providers.xai]\ndialect = "openai-responses"\n')
    settings = load({"OPENAI_DIALECT": "OpenAI-Responses"}, SPECS, config)
    said = {name: provider.dialect for name, provider in settings.providers.items() if provider.dialect}
    assert said == {"openai": Dialect.OPENAI_RESPONSES, "xai": Dialect.OPENAI_RESPONSES}
    for word in ("responses", "native"):
        assert "openai-responses" in problems({"OPENAI_DIALECT": word})["OPENAI_DIALECT"]


def test_a_providers_limits_may_be_set(tmp_path: Path) -> None:
    """Requests and tokens per minute, by its name or another one, in the environment or the file; unset there
    are none."""
    config = toml(tmp_path, "[providers.openai]\nrpm = 500\ntpm = 90000")
    providers = load({"GROK_RPM": "60", "CLAUDE_TPM": "80000"}, SPECS, config).providers
    assert providers["openai"].rates == Rates(requests_per_minute=500, tokens_per_minute=90_000)
    assert providers["xai"].rates == Rates(requests_per_minute=60)
    assert providers["anthropic"].rates == Rates(tokens_per_minute=80_000)
    assert providers["groq"].rates == Rates()


def test_keys_of_a_provider() -> None:
    """Several, with commas; by its own name, a customary one or an alias; spaces around them do not count."""
    keys = load({"OPENAI_API_KEY": " key-one , key-two"}, SPECS).providers["openai"].keys
    assert keys == ("key-one", "key-two")
    assert load({"GROK_API_KEY": "key-one"}, SPECS).providers["xai"].keys == ("key-one",)
    assert load({"AZURE_OPENAI_API_KEY": "key-one"}, SPECS).providers["azure"].keys == ("key-one",)


BAD_KEYS = ["a,,b", ",", "a,a", "with space", "schlüssel", "a\x00b", "a\r\nx: y"]


@pytest.mark.parametrize("keys", BAD_KEYS, ids=repr)
def test_a_key_that_cannot_be_one_is_told_without_showing_it(keys: str) -> None:
    """The message names the variable, not the value."""
    (what,) = problems({"OPENAI_API_KEY": keys}).values()
    assert f"'{keys}'" not in what
    assert "schl" not in what


BAD_URLS = [
    "x",
    "ftp://host/v1",
    "http://",
    "//host",
    "http://[::1/v1",
    "http://host:99999/v1",
    "http://ho st/v1",
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_an_address_that_cannot_be_one_is_told(url: str) -> None:
    """At the start, not at the first request."""
    assert set(problems({"OPENAI_BASE_URL": url})) == {"OPENAI_BASE_URL"}


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """Absent, a folder, no TOML, no UTF-8: each is named by its path."""
    assert set(problems({}, tmp_path / "none.toml")) == {str(tmp_path / "none.toml")}
    assert set(problems({}, tmp_path)) == {str(tmp_path)}
    for text in (b"port = ", b"\xff\xfe"):
        path = tmp_path / "baton.toml"
        path.write_bytes(text)
        assert set(problems({}, path)) == {str(path)}


FILES = {
    "an unknown setting": ("colour = 1", "colour"),
    "providers of a wrong kind": ("providers = 5", "providers"),
    "a provider of a wrong kind": ("[providers]\nopenai = 5", "providers"),
    "an unknown provider": ("[providers.nobody]\napi_key = 'x'", "providers.nobody"),
    "an unknown setting of a provider": ("[providers.openai]\ncolour = 1", "providers.openai.colour"),
    "keys of a wrong kind": ("[providers.openai]\napi_key = 5", "providers.openai.api_key"),
    "keys in a table": ("[providers.openai]\napi_key = {a = 1}", "providers.openai.api_key"),
    "an address of a wrong kind": ("[providers.openai]\nbase_url = 5", "providers.openai.base_url"),
    "a switch of a wrong kind": ("[providers.openai]\nenabled = 'perhaps'", "providers.openai.enabled"),
    "a port of a wrong kind": ("port = [1]", "port"),
    "hosts without their heading": ("allowed_hosts = ['a']", "outbound.allowed_hosts"),
    "a heading of a wrong kind": ("outbound = 5", "outbound"),
    "an unknown setting under a heading": ("[outbound]\nhosts = ['a']", "outbound.hosts"),
    "hosts of a wrong kind": ("[outbound]\nallowed_hosts = 5", "outbound.allowed_hosts"),
    "a host of a wrong kind": ("[outbound]\nallowed_hosts = [5]", "outbound.allowed_hosts"),
    "a host that is none": ("[outbound]\nallowed_hosts = ['http://a']", "outbound.allowed_hosts"),
}


@pytest.mark.parametrize("what", FILES)
def test_a_mistake_in_the_file_is_told(tmp_path: Path, what: str) -> None:
    """By where it stands."""
    text, name = FILES[what]
    assert name in problems({}, toml(tmp_path, text))


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("port", "many", "must be a whole number from 0 to 65535"),
        ("port", "65536", "must be a whole number from 0 to 65535"),
        ("max_body_mib", "0", "must be a number over 0, up to 1024"),
        ("strict_models", "perhaps", "must be true or false"),
        ("log_level", "loud", "must be one of debug, info, warning, error"),
        ("master_key", "short", "must have at least 16 characters"),
    ],
)
def test_what_it_must_be_is_said_plainly(tmp_path: Path, name: str, value: str, what: str) -> None:
    """In the same words from each source, under the name that stands there, with the file."""
    own = f"BATON_{name.upper()}"
    assert problems({own: value}) == {own: what}
    config = toml(tmp_path, f'{name} = "{value}"')
    assert problems({}, config) == {name: what}
    assert problems({own: value}, config) == {own: what}
    assert problems({}, None, **{name: value}) == {f"--{name.replace('_', '-')}": what}
    with pytest.raises(Misconfigured, match=f"^{name} in {config}: {what}$"):
        load({}, SPECS, config)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("prot = 1", "did you mean port?"),
        ("[provider.openai]\napi_key = 'x'", "did you mean providers?"),
        ("[providers.opnai]\napi_key = 'x'", "did you mean providers.openai?"),
        ("[providers.grok]\napi_key = 'x'", "did you mean providers.xai?"),
        ("[providers.openai]\napikey = 'x'", "did you mean api_key?"),
        ("[providers.nobody-at-all]\napi_key = 'x'", "there are anthropic, azure, "),
    ],
)
def test_a_slip_in_the_file_is_shown_with_what_was_meant(tmp_path: Path, text: str, meant: str) -> None:
    """Settings, providers and what is said of them, each with the file."""
    config = toml(tmp_path, text)
    with pytest.raises(Misconfigured) as told:
        load({}, SPECS, config)
    (problem,) = told.value.problems
    assert meant in problem.what
    assert problem.file == str(config)


def test_several_keys_in_the_file_may_be_a_list(tmp_path: Path) -> None:
    """As TOML would have it, or with commas as in the environment."""
    for said in ('["one-key", "two-key"]', '"one-key, two-key"'):
        config = toml(tmp_path, f"[providers.openai]\napi_key = {said}\n")
        assert load({}, SPECS, config).providers["openai"].keys == ("one-key", "two-key")


def test_allowed_hosts_are_a_list_with_commas_or_of_the_file(tmp_path: Path) -> None:
    """The environment beats the file; an empty word allows nothing."""
    config = toml(tmp_path, '[outbound]\nallowed_hosts = ["a.example", "10.0.0.0/8"]\n')
    assert load({}, SPECS, config).allowed_hosts == ("a.example", "10.0.0.0/8")
    environment = {"BATON_ALLOWED_HOSTS": " *.b.example , 10.0.0.5:8080,,[fd00::5]:80 "}
    settings = load(environment, SPECS, config)
    assert settings.allowed_hosts == ("*.b.example", "10.0.0.5:8080", "[fd00::5]:80")
    assert (len(settings.guard.names), len(settings.guard.networks)) == (1, 2)
    assert load({"BATON_ALLOWED_HOSTS": ""}, SPECS).guard == Guard()


def test_a_host_that_allows_nothing_is_told_with_what_was_meant() -> None:
    """Each by itself, under the name of the setting."""
    found = problems({"BATON_ALLOWED_HOSTS": "a.example,10.0.0.1/8"})
    assert found == {"BATON_ALLOWED_HOSTS": "'10.0.0.1/8' is no network; did you mean 10.0.0.0/8?"}


def test_a_secret_is_in_no_message() -> None:
    """Neither in that of a mistake nor in what settings look like when they are printed."""
    secret = "0123456789abcdef-secret"
    environment = {"BATON_MASTER_KEY": secret, "BATON_SECRET_KEY": secret, "OPENAI_API_KEY": secret}
    assert secret not in str(problems(environment | {"BATON_PORT": "x", "GROQ_API_KEY": f"{secret},,"}))
    assert secret not in repr(load(environment, SPECS))


@given(
    st.dictionaries(st.sampled_from([f"BATON_{name.upper()}" for name in Settings.model_fields]), st.text())
)
def test_any_text_is_a_setting_or_a_problem(environment: dict[str, str]) -> None:
    """Nothing that stands in the environment makes it fail in another way."""
    environment = {name: value.replace("\x00", "") for name, value in environment.items()}
    problems(environment)


POSTGRES = {"DATABASE_URL": "postgresql://baton@db/baton"}
REDIS = {"REDIS_URL": "redis://cache:6379/0"}


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({}, ["REDIS_URL", "DATABASE_URL"]),
        (POSTGRES, ["REDIS_URL"]),
        (REDIS, ["DATABASE_URL"]),
        (REDIS | {"DATABASE_URL": "sqlite:////data/baton.db"}, ["DATABASE_URL"]),
        (REDIS | POSTGRES, []),
    ],
)
def test_several_workers_need_what_they_share(environment: dict[str, str], missing: list[str]) -> None:
    """Without it they are refused, with what to set and why; one alone needs none of it."""
    with_two = environment | {"BATON_WORKERS": "2"}
    what = _whats(with_two)
    assert len(what) == len(missing)
    for name, each in zip(missing, what, strict=True):
        assert f"set {name}" in each
    assert not _whats(environment | {"BATON_WORKERS": "1"})


def _whats(environment: Mapping[str, str]) -> list[str]:
    """What is wrong with the number of workers."""
    try:
        load(environment, SPECS)
    except Misconfigured as error:
        return [problem.what for problem in error.problems if problem.name == "BATON_WORKERS"]
    return []


def test_a_place_for_answers_must_be_there() -> None:
    """Where there is no Redis none can be kept in it, and a word that is no place is told what would be."""
    for environment, what in (
        ({"CACHE_PROVIDER": "redis"}, "there is no Redis, set REDIS_URL"),
        ({"CACHE_PROVIDER": "disk"}, "must be one of memory, redis, database"),
    ):
        with pytest.raises(Misconfigured) as caught:
            load(environment, SPECS)
        (problem,) = caught.value.problems
        assert (problem.name, problem.what) == ("CACHE_PROVIDER", what)
    assert load({"CACHE_PROVIDER": "redis", **REDIS}, SPECS).cache_provider is CacheProvider.REDIS


@pytest.mark.parametrize("url", ["redis://a:6379/0", "rediss://:secret@a", "unix:///run/redis.sock"])
@pytest.mark.parametrize("name", ["BATON_REDIS_URL", "REDIS_URL", "KV_URL"])
def test_a_redis_is_named_by_any_of_its_names(name: str, url: str) -> None:
    """Redis' own name and that of hosted stores mean the same setting."""
    settings = load({name: url}, SPECS)
    assert settings.redis_url == url
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://:hunter2@eu1.kv.example", "REST address"),
        ("memcached://hunter2", "redis://"),
        ("hunter2", "redis://"),
        ("redis://", "redis://"),
    ],
)
def test_a_store_that_is_no_redis_is_refused(url: str, said: str) -> None:
    """With what would be one; a store's REST address is told apart. Its password is not shown."""
    found = problems({"REDIS_URL": url})
    assert said in found["REDIS_URL"]
    assert "hunter2" not in found["REDIS_URL"]
