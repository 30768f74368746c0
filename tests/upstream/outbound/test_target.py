"""URLs are taken apart strictly, and put together so that nobody reads them otherwise."""

from ipaddress import ip_address
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from baton.upstream.outbound import target
from baton.upstream.outbound.target import BadUrl, Target

GOOD = {
    "https://files.example/a.png": "https://files.example/a.png",
    "HTTPS://Files.Example:443/A": "https://files.example/A",
    "http://files.example:8080": "http://files.example:8080/",
    "http://files.example.:80/?a=b#c": "http://files.example/?a=b",
    "https://files.example:/a%2Fb?sig=x%2By%3D": "https://files.example/a%2Fb?sig=x%2By%3D",
    "https://my_bucket.s3.example/a": "https://my_bucket.s3.example/a",
    "https://bücher.example/é": "https://xn--bcher-kva.example/é",
    "https://8.8.8.8/a": "https://8.8.8.8/a",
    "https://[2606:4700:4700:0:0:0:0:1111]:8443/a": "https://[2606:4700:4700::1111]:8443/a",
    "https://files.example//a/../b": "https://files.example//a/../b",
    "https://files.example/@127.0.0.1": "https://files.example/@127.0.0.1",
    "https://1password.example/": "https://1password.example/",
    "https://0x7f.example/": "https://0x7f.example/",
}


@pytest.mark.parametrize("url", GOOD)
def test_a_good_url_is_understood(url: str) -> None:
    """In one form; path and query stay as they are, for they may be signed."""
    assert target.read(url).url == GOOD[url]


BAD = {
    "": "does not begin",
    "files.example": "does not begin",
    "//files.example/": "does not begin",
    "ftp://files.example/": "does not begin",
    "file:///etc/passwd": "does not begin",
    "gopher://files.example/": "does not begin",
    "data:text/plain,hello": "does not begin",
    "http:files.example": "names no host",
    "http:///files.example": "names no host",
    "http://?": "names no host",
    "http://.": "no host name",
    "http://:80/": "names no host",
    "http://a..example/": "no host name",
    "http://-a.example/": "no host name",
    "http://a*.example/": "no host name",
    f"http://{'a' * 64}.example/": "no host name",
    f"http://{'a.' * 127}example/": "no host name",
    "http://user@files.example/": "user name",
    "http://user:word@files.example/": "user name",
    "http://@files.example/": "user name",
    "http://files.example@[::1]/": "user name",
    "http://files.example:0/": "port",
    "http://files.example:65536/": "port",
    "http://files.example:８０/": "port",
    "http://files.example:80:80/": "port",
    "http://files.example:+80/": "port",
    "http://files.example:x/": "port",
    "http://files.example/a b": "a space",
    " http://files.example/": "a space",
    "http://files.example/\r\nx: y": "control character",
    "http://files\t.example/": "control character",
    "http://files.example\\@10.0.0.1/": "backslash",
    "http://files.example/\ud800": "control character",
    "http://exa℀mple.com/": "is none",
    "http://[::1/": "is none",
    "http://[fe80::1%25eth0]/": "one network interface",
    "http://[fe80::1%eth0]/": "one network interface",
    "http://[127.0.0.1]/": "is none",
    "http://[v1.fe]/": "no address in brackets",
    "http://[::1].example/": "",  # in which words, hangs on the Python
    "http://::1/": "names no host",
    "http://files.example/" + "a" * 9000: "longer than",
}


@pytest.mark.parametrize("url", BAD, ids=lambda url: repr(url)[:50])
def test_an_odd_url_is_refused_with_what_is_odd(url: str) -> None:
    """It is never guessed what could have been meant."""
    with pytest.raises(BadUrl) as told:
        target.read(url)
    assert BAD[url] in str(told.value)


_WORDS = """http:// https:// a example.com 127.0.0.1 0x7f 2130706433 [::1] [ ] : 80 @ / // # ? % %2e %00 . 。
 １ ⓛ é xn-- - * \\ \0"""
_PIECES = st.sampled_from(_WORDS.split(" "))
_URLS = st.one_of(
    st.text(max_size=40).map("http://".__add__),
    st.lists(_PIECES, max_size=8).map("".join).map("http://".__add__),
    st.lists(_PIECES, max_size=8).map("".join),
)


@given(_URLS)
def test_whatever_is_understood_is_understood_alike_by_all(url: str) -> None:
    """The new URL means the same to us, to Python, and to the client that connects; or it is refused."""
    try:
        read = target.read(url)
    except BadUrl:
        return
    assert target.read(read.url) == read
    assert urlsplit(read.url).hostname == str(read.host)
    sent = URL(read.url, encoded=read.url.isascii())
    assert (sent.scheme, sent.raw_host, sent.port, sent.user) == (
        read.scheme,
        str(read.host),
        read.port,
        None,
    )


@given(st.ip_addresses(v=4), st.data())
def test_no_disguise_of_an_address_passes_for_a_name(address: object, data: st.DataObject) -> None:
    """One to four numbers, each in decimal, octal or hexadecimal form: the address itself, or refused."""
    octets = str(address).split(".")
    kept = data.draw(st.integers(0, 3))
    rest = 0
    for octet in octets[kept:]:
        rest = rest << 8 | int(octet)
    numbers = [*map(int, octets[:kept]), rest]
    forms = [
        data.draw(st.sampled_from(["{}", "0{:o}", "0x{:x}", "0X{:X}", "{:03}", "00{:o}"])) for _ in numbers
    ]
    host = ".".join(form.format(number) for form, number in zip(forms, numbers, strict=True))
    try:
        read = target.read(f"http://{host}{data.draw(st.sampled_from(['', '.', ':80']))}/")
    except BadUrl:
        return
    assert read.host == ip_address(host)


FROM = Target(scheme="https", host="files.example", port=8443, path="/a/b?c=d")

REDIRECTS = {
    "c": "https://files.example:8443/a/c",
    "/c?d": "https://files.example:8443/c?d",
    "?e": "https://files.example:8443/a/b?e",
    "//other.example/c": "https://other.example/c",
    "https://other.example": "https://other.example/",
    "": "https://files.example:8443/a/b?c=d",
}


@pytest.mark.parametrize("location", REDIRECTS)
def test_a_redirect_is_read_from_where_it_was_said(location: str) -> None:
    """Relative ones too."""
    assert target.redirected(FROM, location).url == REDIRECTS[location]


BAD_REDIRECTS = [
    "http://other.example/",
    "http://files.example:8443/",
    "ftp://a/",
    "//a@b/",
    "\\\\a",
    "//[::1",
    "a b",
]


@pytest.mark.parametrize("location", BAD_REDIRECTS)
def test_a_bad_redirect_leads_nowhere(location: str) -> None:
    """Nor does one out of https."""
    with pytest.raises(BadUrl):
        target.redirected(FROM, location)
