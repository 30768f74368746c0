"""Records in a file: whatever happens to its end, what was whole before is read, and nothing else."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.core.ids import UuidV7
from baton.core.usage import Usage
from baton.ledger.framing import Unreadable, framed, payloads, unframed
from baton.ledger.rows import Cost, Opened, Record, Settled
from tests.ledger.samples import a_settled, an_attempt, an_opened

new_id = UuidV7()
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
opened = st.builds(
    lambda model, tags, cost: an_opened(new_id(), model=model, tags=tags, estimated_cost=cost),
    texts,
    st.dictionaries(texts, texts, max_size=3),
    st.none() | st.builds(Cost, input_nanos=st.integers(0, 2**62), output_nanos=st.integers(0, 2**62)),
)
settled = st.builds(
    lambda error, count, decision: a_settled(
        new_id(), attempts=tuple(an_attempt(error=error) for _ in range(count)), decision=decision
    ),
    st.none() | texts,
    st.integers(0, 4),
    st.none() | texts,
)
records = st.lists(opened | settled, min_size=1, max_size=6)


def read(data: bytes) -> list[Record]:
    return [unframed(payload) for _, payload in payloads(data)]


@given(records, st.integers(0, 64))
def test_what_is_written_is_read(written: list[Record], zeros: int) -> None:
    """Records come back equal and in order; the zeros behind them are not records."""
    assert read(b"".join(map(framed, written)) + bytes(zeros)) == written


@given(records, st.data())
def test_a_cut_end_costs_only_the_record_it_cuts(written: list[Record], data: st.DataObject) -> None:
    """A file that ends anywhere gives every record that lies whole before the cut, and no other."""
    frames = [framed(record) for record in written]
    whole = b"".join(frames)
    cut = data.draw(st.integers(0, len(whole)))
    kept = [record for n, record in enumerate(written) if sum(map(len, frames[: n + 1])) <= cut]
    assert read(whole[:cut]) == kept
    padded = whole[:cut] + bytes(len(whole) - cut)
    ends = [sum(map(len, frames[: n + 1])) for n in range(len(frames))]
    kept = [record for record, end in zip(written, ends, strict=True) if padded[:end] == whole[:end]]
    assert read(padded) == kept, "preallocated: what is missing are zeros, and a zero is not missing"


@given(records, st.data())
def test_a_damaged_byte_ends_the_reading(written: list[Record], data: st.DataObject) -> None:
    """A changed byte anywhere gives every record before the one it lies in, and no other."""
    frames = [framed(record) for record in written]
    damaged = bytearray(b"".join(frames))
    at = data.draw(st.integers(0, len(damaged) - 1))
    damaged[at] ^= data.draw(st.integers(1, 255))
    kept = [record for n, record in enumerate(written) if sum(map(len, frames[: n + 1])) <= at]
    assert read(bytes(damaged)) == kept


@given(st.binary(max_size=200))
def test_anything_can_be_read(noise: bytes) -> None:
    """No bytes make the reading of frames fail."""
    list(payloads(noise))


def test_an_older_versions_record_is_read() -> None:
    """Fields that an older version did not write have their defaults."""
    fields = msgspec.msgpack.decode(msgspec.msgpack.encode(an_opened("x")))
    older = msgspec.msgpack.encode(fields[: fields.index("default")])
    record = unframed(older)
    assert isinstance(record, Opened)
    assert record.tenant == "default"


def test_a_newer_versions_record_is_not_guessed_at() -> None:
    """A whole record of an unknown shape is reported, not skipped."""
    with pytest.raises(Unreadable):
        unframed(b"\x92\xa1z\x01")


def test_a_provider_cannot_blow_a_record_up() -> None:
    """Texts and counts that a provider chose are cut to what a row can hold."""
    attempt = an_attempt(error="x" * 10_000, usage=Usage(prompt=10**30, completion=-5))
    assert attempt.error == "x" * 500
    assert attempt.usage == Usage(prompt=10**9, completion=0, estimated=True)
    end = a_settled("x", attempts=(attempt,), model_version="m" * 10_000, usage=Usage(cached=2**64))
    assert isinstance(unframed(next(payloads(framed(end)))[1]), Settled)
    assert len(framed(end)) < 2000
