"""URLs that try to get into the house, or to keep Baton busy: refused or bounded, each and every one.

A trap listens on every address of this machine, and Python itself tells of every connection that is begun.
"""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import pytest

from baton.upstream.outbound.fetcher import NOT_FETCHED, Fetched, FetchLimits
from baton.upstream.outbound.guard import NOT_ALLOWED, SETTING
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
from tests.chaos.wire import PATIENCE_S
from tests.upstream.outbound.world import PARAM, fetcher, refusal, watched

SERVER = "127.0.0.2"
"""An address of this machine that stands for a host outside, because a guard allows it."""


@dataclass
class Trap:
    """What must never be reached."""

    port: int
    connections: int = 0


@pytest.fixture
async def trap() -> AsyncGenerator[Trap]:
    """Listens on all addresses, IPv4 and IPv6, and counts who comes."""
    trap = Trap(0)

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        trap.connections += 1
        writer.write(whole(b"the crown jewels", kind="text/plain"))
        writer.close()

    first = await asyncio.start_server(serve, "0.0.0.0", 0)
    trap.port = first.sockets[0].getsockname()[1]
    async with first, await asyncio.start_server(serve, "::", trap.port):
        yield trap


@pytest.fixture
async def server() -> AsyncGenerator[RawProvider]:
    """Outside; does what a test wants."""
    server = RawProvider()
    listener = await asyncio.start_server(server.serve, SERVER, 0)
    server.url = f"http://{SERVER}:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()
        await server.close()
        await listener.wait_closed()


# Ways in by the URL itself. {port}: the trap's.

BY_URL = {
    "loopback": "http://127.0.0.1:{port}/",
    "loopback, another": "http://127.8.9.10:{port}/",
    "loopback, by https": "https://127.0.0.1:{port}/",
    "loopback, with a dot at its end": "http://127.0.0.1.:{port}/",
    "this network": "http://0.0.0.0:{port}/",
    "decimal": "http://2130706433:{port}/",
    "decimal, with a dot at its end": "http://2130706433.:{port}/",
    "decimal, too large": "http://6425673729:{port}/",
    "hexadecimal": "http://0x7f000001:{port}/",
    "hexadecimal, in capitals": "http://0X7F000001:{port}/",
    "hexadecimal, in four": "http://0x7f.0x0.0x0.0x1:{port}/",
    "hexadecimal, short": "http://0x7f.1:{port}/",
    "octal": "http://017700000001:{port}/",
    "octal, in four": "http://0177.0.0.01:{port}/",
    "octal, with many zeros": "http://0000177.0.0.1:{port}/",
    "short": "http://127.1:{port}/",
    "short, in three": "http://127.0.1:{port}/",
    "zero": "http://0:{port}/",
    "mixed": "http://127.0x0.0.01:{port}/",
    "full-width digits": "http://１２７.０.０.１:{port}/",
    "ideographic dots": "http://127。0。0。1:{port}/",
    "circled digits": "http://①②⑦.⓪.⓪.①:{port}/",
    "mathematical digits": "http://𝟏𝟐𝟕.𝟎.𝟎.𝟏:{port}/",
    "percent-encoded": "http://%31%32%37.0.0.1:{port}/",
    "percent-encoded dots": "http://127%2e0%2e0%2e1:{port}/",
    "localhost": "http://localhost:{port}/",
    "localhost, in capitals": "http://LOCALHOST:{port}/",
    "localhost, with a dot at its end": "http://localhost.:{port}/",
    "below localhost": "http://files.localhost:{port}/",
    "localhost, in circles": "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/",
    "localhost, with an unseen hyphen": "http://local\u00adhost:{port}/",
    "this machine's other name": "http://ip6-localhost:{port}/",
    "one word": "http://redis:{port}/",
    "mDNS": "http://printer.local:{port}/",
    "metadata by name": "http://metadata.google.internal/computeMetadata/v1/",
    "metadata by address": "http://169.254.169.254/latest/meta-data/",
    "metadata, decimal": "http://2852039166/latest/meta-data/",
    "metadata, hexadecimal": "http://0xa9fea9fe/",
    "metadata, octal": "http://0251.0376.0251.0376/",
    "metadata, IPv6": "http://[fd00:ec2::254]/latest/meta-data/",
    "metadata, mapped": "http://[::ffff:169.254.169.254]/",
    "metadata, mapped, hexadecimal": "http://[::ffff:a9fe:a9fe]/",
    "metadata, in a carrier's network": "http://100.100.100.200/",
    "a cloud's platform": "http://168.63.129.16/machine",
    "private, 10": "http://10.0.0.1/",
    "private, 172": "http://172.31.255.254/",
    "private, 192": "http://192.168.1.1/",
    "private, by https and another port": "https://192.168.1.1:8443/",
    "multicast": "http://224.0.0.251/",
    "broadcast": "http://255.255.255.255/",
    "reserved": "http://240.0.0.1/",
    "benchmarking": "http://198.18.0.1/",
    "documentation": "http://203.0.113.1/",
    "IPv6 loopback": "http://[::1]:{port}/",
    "IPv6 loopback, in full": "http://[0000:0000:0000:0000:0000:0000:0000:0001]:{port}/",
    "IPv6 unspecified": "http://[::]:{port}/",
    "IPv6 mapped": "http://[::ffff:127.0.0.1]:{port}/",
    "IPv6 mapped, hexadecimal": "http://[::ffff:7f00:1]:{port}/",
    "IPv6 compatible": "http://[::127.0.0.1]:{port}/",
    "IPv6 translated": "http://[64:ff9b::127.0.0.1]:{port}/",
    "IPv6 translated, local": "http://[64:ff9b:1::127.0.0.1]:{port}/",
    "IPv6 6to4": "http://[2002:7f00:1::]:{port}/",
    "IPv6 Teredo": "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]:{port}/",
    "IPv6 unique local": "http://[fc00::1]:{port}/",
    "IPv6 link-local": "http://[fe80::1]:{port}/",
    "IPv6 link-local, of an interface": "http://[fe80::1%25eth0]:{port}/",
    "IPv6 loopback, of an interface": "http://[::1%25lo]:{port}/",
    "IPv6 site-local": "http://[fec0::1]:{port}/",
    "IPv6 multicast": "http://[ff02::1]:{port}/",
    "IPv6 without brackets": "http://::1:{port}/",
    "IPv6 and more": "http://[::1].files.example:{port}/",
    "a user before it": "http://files.example@127.0.0.1:{port}/",
    "a user and a password before it": "http://files.example:80@127.0.0.1:{port}/",
    "two at signs": "http://a@files.example@127.0.0.1:{port}/",
    "a fragment between": "http://127.0.0.1:{port}#@files.example/",
    "a backslash between": "http://127.0.0.1:{port}\\@files.example/",
    "a question mark between": "http://127.0.0.1:{port}?@files.example/",
    "a line end in the host": "http://127.0.0.1\r\n.files.example:{port}/",
    "a tab in the host": "http://127.0.\t0.1:{port}/",
    "a null in the host": "http://127.0.0.1\0.files.example:{port}/",
    "a space before it": " http://127.0.0.1:{port}/",
    "no slashes": "http:127.0.0.1:{port}/",
    "one slash": "http:/127.0.0.1:{port}/",
    "three slashes": "http:///127.0.0.1:{port}/",
    "no scheme": "//127.0.0.1:{port}/",
    "a file": "file:///etc/passwd",
    "a file, over the network": "file://127.0.0.1/etc/passwd",
    "gopher": "gopher://127.0.0.1:{port}/_GET%20/",
    "ftp": "ftp://127.0.0.1:{port}/",
    "a web socket": "ws://127.0.0.1:{port}/",
    "a socket file": "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
}


@pytest.mark.parametrize("way", BY_URL)
async def test_no_form_of_a_url_leads_inside(trap: Trap, way: str) -> None:
    """Refused with a clear sentence; nothing connected, not even looked up. Fetching and checking agree."""
    url = BY_URL[way].format(port=trap.port)
    nobody = fetcher()
    with watched() as log:
        errors = [await refusal(nobody.fetch(url, PARAM)), await refusal(nobody.check(url, PARAM))]
    assert (log.connected, log.looked_up, trap.connections) == ([], [], 0)
    assert errors[0].message == errors[1].message
    assert errors[0].code == NOT_ALLOWED
    assert "is not allowed: " in errors[0].message


NAMING = [way for way in BY_URL if not BY_URL[way].startswith(("file", "gopher", "ftp", "ws", "http+", "//"))]
NAMELESS = {"IPv6 without brackets", "IPv6 and more", "no slashes", "one slash", "three slashes"}


@pytest.mark.parametrize(
    "way",
    [way for way in NAMING if way not in NAMELESS and "@" not in BY_URL[way] and BY_URL[way].isprintable()],
)
async def test_a_refusal_names_host_and_setting(way: str) -> None:
    """Whoever reads it knows which host it was, and what an admin can do, where the URL names one."""
    error = await refusal(fetcher().fetch(BY_URL[way].format(port=9999).strip(), PARAM))
    assert error.message.startswith("The host '")
    assert error.message.endswith(f"An admin can allow hosts in {SETTING}.")


REACHABLE = {
    "loopback": "127.0.0.0/8",
    "loopback, another": "127.0.0.0/8",
    "loopback, with a dot at its end": "127.0.0.0/8",
    "full-width digits": "127.0.0.1",
    "localhost": "localhost",
    "this network": "0.0.0.0",
    "IPv6 loopback": "::1",
    "IPv6 loopback, in full": "::1",
    "IPv6 mapped": "::ffff:0:0/96",
}


@pytest.mark.parametrize("way", REACHABLE)
async def test_the_trap_works(trap: Trap, way: str) -> None:
    """The same URLs do lead there where an admin allowed it: what keeps the others out is the guard."""
    names = {"localhost": [["127.0.0.1"]]}
    with watched() as log:
        fetched = await fetcher(REACHABLE[way], names=names).fetch(BY_URL[way].format(port=trap.port), PARAM)
    assert fetched == Fetched(media_type="text/plain", data=b"the crown jewels")
    assert (len(log.connected), trap.connections) == (1, 1)


# Ways in by DNS.

BY_NAME: dict[str, tuple[str, ...]] = {
    "loopback": ("127.0.0.1",),
    "private": ("10.1.2.3",),
    "metadata": ("169.254.169.254",),
    "this network": ("0.0.0.0",),
    "a carrier's network": ("100.64.0.1",),
    "IPv6 loopback": ("::1",),
    "IPv6 link-local": ("fe80::1%eth0",),
    "IPv6 unique local": ("fd00::1",),
    "IPv6 mapped": ("::ffff:127.0.0.1",),
    "IPv6 translated": ("64:ff9b::7f00:1",),
    "IPv6 6to4": ("2002:7f00:1::1",),
    "public, then private": ("93.184.216.34", "127.0.0.1"),
    "private, then public": ("127.0.0.1", "93.184.216.34"),
    "public IPv4, private IPv6": ("93.184.216.34", "::1"),
    "one private of many": (*(f"93.184.216.{n}" for n in range(50)), "127.0.0.1"),
    "nothing": (),
}


@pytest.mark.parametrize("way", BY_NAME)
async def test_no_name_leads_inside(trap: Trap, way: str) -> None:
    """One address that is not public is enough; the sentence is the same for all, and shows none of them."""
    nobody = fetcher(names={"files.example": [BY_NAME[way]]})
    with watched() as log:
        error = await refusal(nobody.fetch(f"http://files.example:{trap.port}/", PARAM))
    assert (log.connected, trap.connections) == ([], 0)
    assert error.message == (
        "The host 'files.example' is not allowed: it does not lead to public addresses. "
        f"An admin can allow hosts in {SETTING}."
    )


async def test_a_name_that_leads_elsewhere_at_each_look_up_is_judged_at_each(
    trap: Trap, server: RawProvider
) -> None:
    """DNS rebinding: the judged address is the one that is connected to; the next fetch is judged anew."""
    port = int(server.url.rpartition(":")[2])
    names = {"files.example": [[SERVER], ["127.0.0.1"], [SERVER, "127.0.0.1"], ["127.0.0.1", SERVER]]}
    fetching = fetcher(SERVER, names=names)
    server.act = answering(whole(b"fine", kind="text/plain"))
    with watched() as log:
        assert (await fetching.fetch(f"http://files.example:{port}/", PARAM)).data == b"fine"
        for _ in range(3):
            await refusal(fetching.fetch(f"http://files.example:{trap.port}/", PARAM))
    assert (log.connected, trap.connections) == ([SERVER], 0)


# Ways in by a redirect.

BY_REDIRECT = {
    "a name": "http://inside.example:{port}/",
    "a scheme-relative address": "//127.0.0.1:{port}/",
    "a scheme-relative name": "//inside.example:{port}/",
    "scheme-relative decimal": "//2130706433:{port}/",
    "scheme-relative, backslashes": "\\\\127.0.0.1:{port}/",
    "the same server as another user": f"http://{SERVER}@127.0.0.1:{{port}}/",
} | {
    way: BY_URL[way]
    for way in (
        "loopback",
        "loopback, by https",
        "decimal",
        "hexadecimal",
        "octal",
        "short",
        "full-width digits",
        "percent-encoded",
        "localhost",
        "metadata by address",
        "metadata by name",
        "metadata, mapped",
        "IPv6 loopback",
        "IPv6 mapped",
        "IPv6 link-local",
        "IPv6 unique local",
        "IPv6 6to4",
        "private, 10",
        "a file",
        "gopher",
        "a backslash between",
    )
}

CHAINS = {"at once": 0, "after two more": 2}


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("way", BY_REDIRECT)
async def test_no_redirect_leads_inside(trap: Trap, server: RawProvider, way: str, chain: str) -> None:
    """Each step is judged like the first: whoever is allowed cannot send on to who is not."""
    steps = iter([f"/{n}" for n in range(CHAINS[chain])])
    location = BY_REDIRECT[way].format(port=trap.port)

    async def act(caller: Caller) -> None:
        to = next(steps, location).encode()
        await caller.send(b"HTTP/1.1 302 Found\r\nlocation: " + to + b"\r\ncontent-length: 0\r\n\r\n")

    server.act = act
    fetching = fetcher(SERVER, names={"inside.example": [["127.0.0.1"]]})
    with watched() as log:
        error = await refusal(fetching.fetch(server.url, PARAM))
    assert error.code == NOT_ALLOWED
    assert set(log.connected) == {SERVER}
    assert (len(log.connected), trap.connections) == (CHAINS[chain] + 1, 0)


# Bodies without end, and other ways to keep Baton busy.

LIMITS = FetchLimits(max_bytes=100_000, total_s=0.4)
BOMB = gzip.compress(bytes(50_000_000), 6)
MILLION = b"x" * 1_000_000


def endless(begin: bytes, more: bytes) -> Act:
    """Send on until the other side leaves."""

    async def act(caller: Caller) -> None:
        await caller.send(begin)
        while not caller.gone:
            await caller.send(more)

    return act


def dripping(begin: bytes, drop: bytes) -> Act:
    """The same, slowly."""

    async def act(caller: Caller) -> None:
        await caller.send(begin)
        while not caller.gone:
            await caller.send(drop)
            await asyncio.sleep(0.005)

    return act


def packed(body: bytes, encoding: str = "gzip") -> Act:
    return answering(whole(body, 200, f"content-encoding: {encoding}", kind="text/plain"))


def silent(*pieces: bytes) -> Act:
    """Send these pieces, and then nothing, not even the end."""

    async def act(caller: Caller) -> None:
        await caller.send(*pieces)
        await caller.left()

    return act


HEAD = head(kind="text/plain")
LONG, LATE = "it is longer than 100000 bytes", "it did not come within 0.4 s"
BROKEN, NO_HTTP = "the connection broke off before its end", "its server does not speak HTTP as it should"
PACKING = "it is not compressed as it says, or longer than 100000 bytes"

BUSY: dict[str, tuple[Act, str]] = {
    "an endless body": (endless(HEAD, MILLION), LONG),
    "an endless body in chunks": (
        endless(head("transfer-encoding: chunked", kind="text/plain"), b"f4240\r\n" + MILLION + b"\r\n"),
        LONG,
    ),
    "a length over the limit": (silent(head("content-length: 100001", kind="text/plain")), LONG),
    "a length beyond belief": (answering(head(f"content-length: {10**15}", kind="text/plain")), LONG),
    "a body shorter than its length": (closing(head("content-length: 50", kind="text/plain"), b"x"), BROKEN),
    "a body longer than its length": (
        closing(head("content-length: 5", kind="text/plain") + b"hello, and then some"),
        NO_HTTP,
    ),
    "chunks without their end": (closing(*chunked(b"x", kind="text/plain", end=False)), BROKEN),
    "a length below zero": (closing(head("content-length: -5", kind="text/plain"), MILLION), NO_HTTP),
    "a length that is no number": (closing(head("content-length: five", kind="text/plain"), b"x"), NO_HTTP),
    "two lengths": (closing(head("content-length: 5", "content-length: 6"), b"xxxxxx"), NO_HTTP),
    "a chunk that is none": (
        closing(head("transfer-encoding: chunked", kind="text/plain"), b"zz\r\n"),
        NO_HTTP,
    ),
    "a gzip bomb": (packed(BOMB), PACKING),
    "a gzip bomb in a gzip bomb": (packed(gzip.compress(BOMB), "gzip, gzip"), PACKING),
    "a deflate bomb": (packed(zlib.compress(bytes(10_000_000)), "deflate"), PACKING),
    "an encoding never heard of": (packed(b"x", "br"), PACKING),
    "no gzip at all": (packed(b"hello"), PACKING),
    "a drip": (dripping(HEAD, b"x"), LATE),
    "a drip of headers": (dripping(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"), LATE),
    "a drip of provisional answers": (dripping(b"", b"HTTP/1.1 102 Wait\r\n\r\n"), LATE),
    "silence within gzip": (silent(head("content-encoding: gzip", kind="text/plain"), BOMB[:9]), LATE),
    "silence": (silent(), LATE),
    "silence after the headers": (silent(HEAD), LATE),
    "endless provisional answers": (endless(b"", b"HTTP/1.1 102 Wait\r\n\r\n" * 100), LATE),
    "endless headers": (endless(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n" * 100), NO_HTTP),
    "an endless header": (endless(b"HTTP/1.1 200 OK\r\nx: ", MILLION), NO_HTTP),
    "no HTTP": (closing(b"SSH-2.0-OpenSSH_9.6\r\n"), NO_HTTP),
    "an upgrade": (answering(b"HTTP/1.1 101 Up\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"), "status 101"),
    "a hang-up": (closing(), BROKEN),
    "not found": (answering(whole(b"{}", 404)), "the server answered with status 404"),
    "its own trouble": (answering(whole(b"{}", 500)), "the server answered with status 500"),
    "a redirect to itself": (
        answering(whole(b"", 302, "location: /")),
        "it was redirected more than 3 times",
    ),
    "a redirect to nowhere": (answering(whole(b"", 302)), "the server answered with status 302"),
    "a page": (answering(whole(b"<html>", kind="application/xhtml+xml")), "it is of type application/xhtml"),
}


@pytest.mark.parametrize("what", BUSY)
async def test_nobody_keeps_a_fetch_busy(server: RawProvider, what: str) -> None:
    """It ends within its time, in words that help, and the connection is closed."""
    act, why = BUSY[what]
    left = asyncio.Event()

    async def watching(caller: Caller) -> None:
        await act(caller)
        await caller.left()
        left.set()

    server.act = watching
    begun_s = asyncio.get_running_loop().time()
    error = await refusal(fetcher(SERVER, limits=LIMITS).fetch(server.url, PARAM))
    assert asyncio.get_running_loop().time() - begun_s < PATIENCE_S
    assert error.code == NOT_FETCHED
    assert error.message.startswith("The file at the URL could not be fetched: ")
    assert why in error.message
    async with asyncio.timeout(2):
        await left.wait()


@pytest.mark.parametrize("what", ["an endless body", "a gzip bomb"])
async def test_no_file_takes_more_memory_than_its_limit_allows(server: RawProvider, what: str) -> None:
    """What is over it is thrown away as it comes: buffers and steps of a megabyte, not the bomb's fifty."""
    server.act, _ = BUSY[what]
    tracemalloc.start()
    try:
        await refusal(fetcher(SERVER, limits=LIMITS).fetch(server.url, PARAM))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 10_000_000


async def test_a_redirect_loop_of_two_is_bounded(server: RawProvider) -> None:
    """Four requests, no more."""
    async with raw_provider() as other:
        other.act = answering(whole(b"", 302, f"location: {server.url}"))
        server.act = answering(whole(b"", 302, f"location: {other.url}"))
        await refusal(fetcher("127.0.0.0/8").fetch(server.url, PARAM))
        assert (len(server.calls), len(other.calls)) == (2, 2)


async def test_nobody_listens() -> None:
    """A closed port is told as what it is, without the address."""
    async with raw_provider() as gone:
        url = gone.url
    error = await refusal(fetcher("127.0.0.1").fetch(url, PARAM))
    assert error.message == (
        "The file at the URL could not be fetched: no connection to its server could be made."
    )
