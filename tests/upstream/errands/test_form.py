"""Forms: taken apart as they were put together, whatever is in them, and never in two ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.core.errors import Invalid
from baton.upstream.errands.form import read_form

TYPE = "multipart/form-data; boundary=edge"
NAMES = st.text(st.characters(blacklist_characters='"\\\r\n\0', blacklist_categories=["Cs"]), min_size=1)
VALUES = st.binary().filter(lambda value: b"\r\n--edge" not in value and not value.startswith(b"--edge"))


def form_of(*parts: tuple[str, bytes], end: bytes = b"--edge--\r\n") -> bytes:
    """A form: the head of each part behind `Content-Disposition: form-data; `, and its value."""
    written = [
        b"--edge\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + value + b"\r\n"
        for head, value in parts
    ]
    return b"".join(written) + end


@given(st.lists(st.tuples(NAMES, VALUES), max_size=8))
def test_what_was_put_in_comes_out(fields: list[tuple[str, bytes]]) -> None:
    """Any names and any bytes, boundaries' like among them."""
    form = read_form(form_of(*((f'name="{name}"', value) for name, value in fields)), TYPE)
    assert [(part.name, form.content(part)) for part in form.parts] == fields


WORDS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]))


@given(VALUES, WORDS)
def test_one_value_changes_and_nothing_else(recording: bytes, model: str) -> None:
    """The model's name is another, Baton's part is gone, every other byte is as it was."""
    parts = [
        ('name="model"', b"simulated/x"),
        ('name="file"; filename="a;b.wav"', recording),
        ('name="baton"', b"{}"),
        ('name="language"', b"de"),
    ]
    changed = [('name="model"', model.encode()), parts[1], parts[3]]
    written = read_form(form_of(*parts), TYPE).written(without="baton", name="model", value=model)
    assert written == form_of(*changed)


def test_baton_may_come_first() -> None:
    """What is left still begins with its first boundary, but for a line end."""
    form = read_form(form_of(('name="baton"', b"{}"), ('name="model"', b"x")), TYPE)
    written = form.written(without="baton", name="model", value="y")
    assert written.lstrip() == form_of(('name="model"', b"y"))


HEADS = {
    'name="file"; filename="a.wav"': ("file", "a.wav"),
    "name=file; filename=a.wav": ("file", "a.wav"),
    'filename="a.wav"; name="file"': ("file", "a.wav"),
    'NAME="file";FileName="a.wav"': ("file", "a.wav"),
    "name=\"file\"; filename*=UTF-8''na%C3%AFve.wav": ("file", "naïve.wav"),
    'name="file"; filename="; name=model; x="': ("file", "; name=model; x="),
    'name="file"; filename=""': ("file", ""),
    'name="model"': ("model", None),
    'name="naïve"': ("naïve", None),
}


@pytest.mark.parametrize("head", HEADS)
def test_names_are_read_as_they_are_written(head: str) -> None:
    """Quoted or not, in any order, with what would mislead a plain search."""
    part = read_form(form_of((head, b"x")), TYPE).parts[0]
    assert (part.name, part.filename) == HEADS[head]


@pytest.mark.parametrize(
    "kind", ['multipart/form-data; boundary="edge"', "Multipart/Form-Data;BOUNDARY=edge"]
)
def test_the_boundary_may_be_quoted(kind: str) -> None:
    """As some clients write it."""
    assert read_form(form_of(('name="a"', b"1")), kind).text("a") == "1"


GOOD = form_of(('name="model"', b"x"), ('name="file"; filename="a"', b"y"))
BAD = {
    "nothing": b"",
    "no form": b'{"model": "x"}',
    "cut before its end": GOOD[:-10],
    "cut in a value": GOOD[:70],
    "cut in a head": GOOD[:30],
    "something before it": b"hello\r\n" + GOOD,
    "something behind it": GOOD + b"--edge",
    "something behind a boundary": GOOD.replace(b"--edge\r\n", b"--edge x\r\n", 1),
    "a longer boundary inside": form_of(('name="a"', b"1\r\n--edgeX\r\n\r\n2")),
    "no name": form_of(("filename=a", b"1")),
    "two names": form_of(('name="a"; name="model"', b"1")),
    "a name in another alphabet": form_of(("name*=UTF-8''model", b"1")),
    "no head": b"--edge\r\n\r\nvalue\r\n--edge--\r\n",
    "two dispositions": GOOD.replace(b"\r\n\r\nx", b"\r\nContent-Disposition: form-data; name=a\r\n\r\nx"),
    "a folded head": form_of(('name="a";\r\n filename=b', b"1")),
    "a head without an end": b"--edge\r\nContent-Disposition: form-data; name=" + b"a" * 10_000 + b"\r\n\r\n",
    "a thousand parts": form_of(*(("name=a", b""),) * 1000),
    "bare line feeds": GOOD.replace(b"\r\n", b"\n"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_could_be_read_in_two_ways_is_refused(what: str) -> None:
    """Or is cut, or has no end: a 400, never a guess."""
    with pytest.raises(Invalid):
        read_form(BAD[what], TYPE)


NO_BOUNDARY = [
    "",
    "application/json",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/mixed; boundary=edge",
    "multipart/form-data; boundary=a; boundary=edge",
    "multipart/form-data; boundary=" + "x" * 1000,
]


@pytest.mark.parametrize("kind", NO_BOUNDARY)
def test_a_type_that_names_no_boundary_is_refused(kind: str) -> None:
    """The body is not searched for one."""
    with pytest.raises(Invalid):
        read_form(GOOD, kind)


def test_a_field_that_stands_there_twice_is_refused() -> None:
    """Which of them counts would be up to whoever reads."""
    form = read_form(form_of(('name="model"', b"cheap"), ('name="model"', b"dear")), TYPE)
    with pytest.raises(Invalid) as refused:
        form.text("model")
    assert refused.value.param == "model"


@pytest.mark.parametrize("value", [b"\xff", b"x" * 300_000])
def test_a_field_is_a_short_text(value: bytes) -> None:
    """A recording in the model's place is no name."""
    with pytest.raises(Invalid):
        read_form(form_of(('name="model"', value)), TYPE).text("model")


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(noise: bytes) -> None:
    """It is a form, or a clean refusal."""
    for body in (noise, b"--edge\r\n" + noise, GOOD[:60] + noise + GOOD[60:]):
        try:
            read_form(body, TYPE)
        except Invalid:
            continue
