"""A fetch of what is allowed, on real sockets."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from baton.upstream.http import HttpSettings, tls_context
from baton.upstream.outbound.exits import Exits
from baton.upstream.outbound.fetcher import NOT_FETCHED, Fetched, FetchLimits, open_fetcher
from baton.upstream.outbound.guard import NOT_ALLOWED, Guard
from tests.chaos.provider import (
    Act,
    Caller,
    RawProvider,
    answering,
    chunked,
    closing,
    head,
    raw_provider,
    whole,
)
from tests.upstream.outbound.world import PARAM, QUICK, fetcher, refusal, watched

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
CERTIFICATE = Path(__file__).parent / "server.pem"
"""Of `files.example` and `other.example`, with its key, signed by itself."""


@pytest.fixture
async def server() -> AsyncGenerator[RawProvider]:
    async with raw_provider() as server:
        server.act = answering(whole(PNG, kind="image/png"))
        yield server


def place(server: RawProvider) -> str:
    """Host and port."""
    return server.url.removeprefix("http://").removesuffix("/v1")


def port(server: RawProvider) -> str:
    return place(server).rpartition(":")[2]


async def test_an_allowed_host_is_fetched_from(server: RawProvider) -> None:
    """By its address and port, as an admin writes it."""
    fetched = await fetcher(place(server)).fetch(f"{server.url}/a.png?b=c#d", PARAM)
    assert fetched == Fetched(media_type="image/png", data=PNG)
    assert server.calls[0].head.startswith(b"GET /v1/a.png?b=c HTTP/1.1\r\n")


async def test_the_machine_s_own_look_up_serves(server: RawProvider) -> None:
    """`localhost`, allowed by name, looked up for real."""
    http = HttpSettings()
    async with open_fetcher(Guard.allowing(["localhost"]), Exits(http, tls_context(http))) as real:
        fetched = await real.fetch(f"http://localhost:{port(server)}/a.png", PARAM)
    assert fetched.data == PNG


async def test_a_request_says_nothing_of_us(
    server: RawProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No cookie of the last answer, no credentials, nothing of the environment: five headers."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password word\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.3:9")
    server.act = answering(whole(PNG, 200, "set-cookie: a=b; path=/", kind="image/png"))
    fetching = fetcher(place(server))
    with watched() as log:
        for _ in range(2):
            await fetching.fetch(server.url, PARAM, ("image/*",))
    assert log.connected == ["127.0.0.1", "127.0.0.1"]
    for call in server.calls:
        lines = call.head.decode().rstrip().split("\r\n")[1:]
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        assert headers == {
            "host": place(server),
            "user-agent": "Baton",
            "accept": "image/*",
            "accept-encoding": "identity",
            "connection": "close",
        }


async def test_the_connection_goes_to_an_address_that_was_judged(server: RawProvider) -> None:
    """There is no second look-up that could lead elsewhere; the server sees the name, not the address."""
    names = {"files.example": [["127.0.0.1"], ["127.0.0.3"]]}
    fetching = fetcher("127.0.0.1", names=names)
    with watched() as log:
        fetched = await fetching.fetch(f"http://files.example:{port(server)}/", PARAM)
    assert (fetched.data, log.connected, log.looked_up) == (PNG, ["127.0.0.1"], [])
    assert f"host: files.example:{port(server)}\r\n".encode() in server.calls[0].head.lower()


async def test_another_address_of_the_name_is_tried(server: RawProvider) -> None:
    """Where nobody listens at the first."""
    names = {"files.example": [["127.0.0.9", "127.0.0.1"]]}
    fetched = await fetcher("127.0.0.0/8", names=names).fetch(f"http://files.example:{port(server)}/", PARAM)
    assert fetched.data == PNG


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed(server: RawProvider, status: int) -> None:
    """Three times at most, also relative ones."""
    at = iter(["/two", f"//{place(server)}/three", "four?five"])

    async def act(caller: Caller) -> None:
        location = next(at, None)
        last = whole(PNG, kind="image/png")
        await caller.send(last if location is None else whole(b"x", status, f"location: {location}"))

    server.act = act
    assert (await fetcher(place(server)).fetch(server.url, PARAM)).data == PNG
    asked = [call.head.split()[1] for call in server.calls]
    assert asked == [b"/v1", b"/two", b"/three", b"/four?five"]


KINDS: dict[str, tuple[Act, str]] = {
    "as it says": (answering(whole(b"x", kind="Image/PNG; a=b")), "image/png"),
    "a PDF": (answering(whole(b"%PDF-1.7", kind="application/pdf")), "application/pdf"),
    "a text": (answering(whole(b"x", kind="text/plain;charset=utf-8")), "text/plain"),
    "a sound": (answering(whole(b"x", kind="audio/mpeg")), "audio/mpeg"),
    "unsaid, a PNG": (answering(whole(PNG, kind="binary/octet-stream")), "image/png"),
    "unsaid, a WebP": (answering(whole(b"RIFF\0\0\0\0WEBPVP8 ", kind="")), "image/webp"),
    "unsaid, a PDF": (answering(whole(b"%PDF-1.7", kind="application/octet-stream")), "application/pdf"),
    "odd, a JPEG": (answering(whole(b"\xff\xd8\xff\xe0", kind="jpeg!")), "image/jpeg"),
}


@pytest.mark.parametrize("what", KINDS)
async def test_the_media_type_is_told(server: RawProvider, what: str) -> None:
    """As the server says; where it says nothing, as the file shows."""
    server.act, kind = KINDS[what]
    assert (await fetcher(place(server)).fetch(server.url, PARAM)).media_type == kind


WRONG_KINDS: dict[str, tuple[Act, str]] = {
    "a page": (answering(whole(b"<html>", kind="text/html")), "it is of type text/html, not image/*"),
    "a PDF": (answering(whole(b"%PDF-1.7", kind="application/octet-stream")), "it does not say what it is"),
    "unsaid": (answering(whole(b"hello", kind="application/octet-stream")), "it does not say what it is"),
    "empty": (answering(whole(b"", kind="")), "it does not say what it is"),
}


@pytest.mark.parametrize("what", WRONG_KINDS)
async def test_another_media_type_than_the_accepted_is_refused(server: RawProvider, what: str) -> None:
    """With what it is, and what it should be."""
    server.act, why = WRONG_KINDS[what]
    error = await refusal(fetcher(place(server)).fetch(server.url, PARAM, ("image/*",)))
    assert error.code == NOT_FETCHED
    assert why in error.message


@pytest.mark.parametrize("status", [201, 204, 206, 300, 304, 400, 401, 403, 404, 410, 418, 429, 500, 503])
async def test_only_200_is_an_answer(server: RawProvider, status: int) -> None:
    """Anything else is told by its number, and its body read by nobody."""
    server.act = answering(whole(b"" if status in (204, 304) else PNG, status, kind="image/png"))
    error = await refusal(fetcher(place(server)).fetch(server.url, PARAM))
    assert error.message == (
        f"The file at the URL could not be fetched: the server answered with status {status}."
    )


FRAMINGS: dict[str, Act] = {
    "its length": answering(whole(PNG, kind="image/png")),
    "chunks": answering(*chunked(PNG[:100], PNG[100:], kind="image/png")),
    "its end": closing(head(kind="image/png"), PNG),
    "gzip": answering(whole(gzip.compress(PNG), 200, "content-encoding: gzip", kind="image/png")),
}


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_a_file_up_to_the_limit_is_whole_and_one_over_it_refused(
    server: RawProvider, framing: str
) -> None:
    """However its end is told, and decompressed."""
    server.act = FRAMINGS[framing]
    just = FetchLimits(total_s=2, max_bytes=len(PNG))
    assert (await fetcher(place(server), limits=just).fetch(server.url, PARAM)).data == PNG
    less = FetchLimits(total_s=2, max_bytes=len(PNG) - 1)
    error = await refusal(fetcher(place(server), limits=less).fetch(server.url, PARAM))
    assert f"longer than {len(PNG) - 1} bytes" in error.message


async def test_only_so_many_are_fetched_at_once(server: RawProvider) -> None:
    """The next waits its turn, within its own time."""
    first_came, go_on = asyncio.Event(), asyncio.Event()

    async def act(caller: Caller) -> None:
        first_came.set()
        await go_on.wait()
        await caller.send(whole(PNG, kind="image/png"))

    server.act = act
    fetching = fetcher(place(server), limits=FetchLimits(total_s=2, at_once=1))
    first = asyncio.create_task(fetching.fetch(server.url, PARAM))
    await first_came.wait()
    second = asyncio.create_task(fetching.fetch(server.url, PARAM))
    for _ in range(50):
        await asyncio.sleep(0)
    assert server.connections == 1
    go_on.set()
    assert (await first, await second) == (Fetched(media_type="image/png", data=PNG),) * 2


async def test_leaving_closes_the_connection(server: RawProvider) -> None:
    """Whoever asked is gone: the server sees it, and cancellation comes out as such."""
    came: asyncio.Future[Caller] = asyncio.get_running_loop().create_future()
    left = asyncio.Event()

    async def act(caller: Caller) -> None:
        came.set_result(caller)
        await caller.left()
        left.set()

    server.act = act
    task = asyncio.create_task(fetcher(place(server)).fetch(server.url, PARAM))
    await came
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(1):
        await left.wait()


async def test_checking_connects_to_nothing(server: RawProvider) -> None:
    """The same rules for an endpoint that somebody enters."""
    names = {"models.example": [["93.184.216.34"]], "inside.example": [["10.0.0.1"]]}
    checking = fetcher("files.corp.example", names=names)
    with watched() as log:
        await checking.check("https://models.example/v1", PARAM)
        await checking.check("http://files.corp.example:8080/v1", PARAM)
        for url in ("http://inside.example/v1", server.url, "http://localhost/v1", "ftp://models.example"):
            assert (await refusal(checking.check(url, PARAM))).code == NOT_ALLOWED
    assert (log.connected, server.connections) == ([], 0)


# Proxies


async def test_a_proxy_is_gone_through_and_the_host_judged_all_the_same(server: RawProvider) -> None:
    """The proxy itself is allowed, being named by the settings; what it is asked for must be public."""
    names = {"files.example": [["93.184.216.34"]], "inside.example": [["127.0.0.1"]]}
    by_proxy = fetcher(names=names, http=HttpSettings(http_proxy=f"http://me:word@{place(server)}"))
    assert (await by_proxy.fetch("http://files.example/a.png", PARAM)).data == PNG
    assert server.calls[0].head.startswith(b"GET http://files.example/a.png HTTP/1.1\r\n")
    for url in ("http://inside.example/", "http://absent.example/", "http://127.0.0.1/", server.url):
        assert (await refusal(by_proxy.fetch(url, PARAM))).code == NOT_ALLOWED
    assert server.connections == 1


async def test_what_only_the_proxy_can_look_up_must_be_allowed_by_name(server: RawProvider) -> None:
    """Here it leads nowhere."""
    proxied = HttpSettings(http_proxy=f"http://{place(server)}")
    await refusal(fetcher(http=proxied).fetch("http://files.corp.example/", PARAM))
    fetched = await fetcher("*.corp.example", http=proxied).fetch("http://files.corp.example/", PARAM)
    assert fetched.data == PNG


async def test_a_redirect_by_the_proxy_is_judged(server: RawProvider) -> None:
    """A public host sends on to a private one: the proxy is not asked for that."""
    server.act = answering(whole(b"", 302, "location: http://10.0.0.1/"))
    by_proxy = fetcher(
        names={"files.example": [["93.184.216.34"]]},
        http=HttpSettings(http_proxy=f"http://{place(server)}"),
    )
    assert "'10.0.0.1'" in (await refusal(by_proxy.fetch("http://files.example/", PARAM))).message
    assert len(server.calls) == 1


async def test_a_proxy_that_refuses_is_told(server: RawProvider) -> None:
    """For https it is asked for a tunnel by name; its own words and its password stay here."""
    server.act = answering(whole(b"secret reason", 403))
    by_proxy = fetcher(
        names={"files.example": [["93.184.216.34"]]},
        http=HttpSettings(https_proxy=f"http://me:word@{place(server)}"),
    )
    error = await refusal(by_proxy.fetch("https://files.example/", PARAM))
    assert server.calls[0].head.startswith(b"CONNECT files.example:443 HTTP/1.1\r\n")
    assert error.message == "The file at the URL could not be fetched: the proxy did not let it through."


async def test_what_goes_without_the_proxy_goes_straight(server: RawProvider) -> None:
    """`NO_PROXY` holds for files too."""
    http = HttpSettings(http_proxy="http://127.0.0.3:9", no_proxy=".corp.example, other")
    straight = fetcher("*.corp.example", names={"files.corp.example": [["127.0.0.1"]]}, http=http)
    with watched() as log:
        fetched = await straight.fetch(f"http://files.corp.example:{port(server)}/", PARAM)
    assert (fetched.data, log.connected) == (PNG, ["127.0.0.1"])


async def test_an_allowed_name_without_address_is_told() -> None:
    """Clearly, and not as if it were forbidden."""
    error = await refusal(fetcher("files.corp.example").fetch("http://files.corp.example/", PARAM))
    assert error.message == "The file at the URL could not be fetched: its host has no address."


# TLS


@asynccontextmanager
async def tls_server() -> AsyncGenerator[tuple[RawProvider, list[object]]]:
    """One that asks for the client's certificate, and notes what it was given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    context.load_verify_locations(CERTIFICATE)
    context.verify_mode = ssl.CERT_OPTIONAL
    server = RawProvider()
    server.act = answering(whole(PNG, kind="image/png"))
    shown: list[object] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        shown.append(writer.get_extra_info("peercert"))
        await server.serve(reader, writer)

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    host, number = listener.sockets[0].getsockname()
    server.url = f"https://{host}:{number}/v1"
    try:
        yield server, shown
    finally:
        listener.close()
        await server.close()
        await listener.wait_closed()


async def test_https_is_checked_by_name_and_tells_not_who_we_are() -> None:
    """The address was judged, the certificate is the name's; our own is for providers."""
    names = {name: [["127.0.0.1"]] for name in ("files.example", "wrong.example")}
    http = HttpSettings(ca_file=str(CERTIFICATE), client_certificate=str(CERTIFICATE))
    fetching = fetcher("127.0.0.1", names=names, http=http, limits=QUICK)
    async with tls_server() as (server, shown):
        number = server.url.rpartition(":")[2].removesuffix("/v1")
        assert (await fetching.fetch(f"https://files.example:{number}/", PARAM)).data == PNG
        assert not any(shown)
        error = await refusal(fetching.fetch(f"https://wrong.example:{number}/", PARAM))
        assert "the server's certificate was not accepted" in error.message


async def test_https_never_leads_to_http(server: RawProvider) -> None:
    """What was asked for in secret is not asked for in the open."""
    http = HttpSettings(ca_file=str(CERTIFICATE))
    fetching = fetcher("127.0.0.1", names={"files.example": [["127.0.0.1"]]}, http=http)
    async with tls_server() as (secure, _):
        secure.act = answering(whole(b"", 302, f"location: {server.url}"))
        number = secure.url.rpartition(":")[2].removesuffix("/v1")
        error = await refusal(fetching.fetch(f"https://files.example:{number}/", PARAM))
    assert error.message == "The URL is not allowed: it leads from https to http."
    assert server.connections == 0
