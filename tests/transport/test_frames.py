"""Records between processes."""

from hypothesis import given
from hypothesis import strategies as st

from siprouter.transport.frames import CALL, MAX_FRAME, MESSAGE, UP, FrameReader, build_record, build_records


@given(st.lists(st.tuples(st.sampled_from([MESSAGE, UP, CALL]), st.integers(0, 63), st.binary(max_size=50))))
def test_several_in_a_frame(records: list[tuple[int, int, bytes]]) -> None:
    frame = b"".join(build_record(kind, sender, payload) for kind, sender, payload in records)
    assert FrameReader().read(frame) == records


def test_long_ones_travel_in_parts_between_those_of_others() -> None:
    reader = FrameReader()
    long = bytes(range(256)) * 1000
    parts = build_records(CALL, 3, long)
    assert len(parts) > 3 and all(len(part) <= MAX_FRAME for part in parts)
    found = []
    for part in parts:
        found += reader.read(part) + reader.read(build_record(UP, 1, b"x"))
    assert [record for record in found if record[1] == 3] == [(CALL, 3, long)]
    assert found.count((UP, 1, b"x")) == len(parts)


def test_what_a_sender_that_died_did_not_finish_is_forgotten() -> None:
    reader = FrameReader()
    parts = build_records(CALL, 3, bytes(MAX_FRAME * 2))
    reader.read(parts[0])
    reader.forget(3)
    short = build_records(CALL, 3, b"y" * MAX_FRAME)
    assert [record for part in short for record in reader.read(part)] == [(CALL, 3, b"y" * MAX_FRAME)]


def test_a_frame_that_ends_early_does_no_harm() -> None:
    assert FrameReader().read(build_record(UP, 1, b"abc")[:4]) == []
