"""Properties that hold for any input, with hypothesis; the stored corpus; short runs of the fuzzers."""

import os
import random
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from siprouter.sip.edits import make_edit, sort_edits, splice
from siprouter.sip.message import parse_message
from tests.fuzz import fuzz_parser
from tests.fuzz.checks import check_body, check_octets, check_stream, check_uri, quietly
from tests.fuzz.mutate import mutate
from tests.torture.cases import CASES

pytestmark = pytest.mark.fuzz
CORPUS = fuzz_parser.stored()
BOUNDED = settings(max_examples=300, deadline=None)

pieces = st.sampled_from(CORPUS).flatmap(lambda data: st.sampled_from(data.split(b"\r\n")))
assembled = st.lists(pieces | st.binary(max_size=40), max_size=20).map(lambda parts: b"\r\n".join(parts) + b"\r\n\r\n")
bodies = st.binary(max_size=300) | st.lists(st.sampled_from([b"--b", b"--", b"\r\n", b"m=", b"c=IN IP4 ", b"1 "])).map(
    b"".join
)
words = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30)


@pytest.mark.parametrize("path", sorted(fuzz_parser.CORPUS.iterdir()), ids=lambda path: path.name)
def test_stored_corpus(path: Path) -> None:
    check_octets(path.read_bytes())


def test_corpus_holds_the_torture_messages() -> None:
    stored = set(CORPUS)
    assert all(case.data in stored for case in CASES)


@BOUNDED
@given(st.binary(max_size=400))
def test_any_octets(data: bytes) -> None:
    check_octets(data)


@BOUNDED
@given(assembled)
def test_assembled_messages(data: bytes) -> None:
    check_octets(data)


@BOUNDED
@given(st.sampled_from(CORPUS), st.randoms(use_true_random=False))
def test_mutated_messages(data: bytes, rng: random.Random) -> None:
    check_octets(mutate(data, CORPUS, rng))


@BOUNDED
@given(st.lists(st.sampled_from([*CORPUS[:20], b"\r\n", b"\r\n\r\n"]), max_size=6).map(b"".join), st.integers(1, 300))
def test_streams(data: bytes, size: int) -> None:
    check_stream(data, size)


@BOUNDED
@given(words.map(lambda text: "sip:" + text) | words)
@example("sip:a:b@[::1]:5060;lr?x=y")
def test_uris(text: str) -> None:
    quietly(lambda: check_uri(text))


@BOUNDED
@given(bodies)
def test_bodies(body: bytes) -> None:
    check_body(body)


edit = st.tuples(st.integers(0, 20), st.integers(0, 20), st.binary(max_size=3))


@BOUNDED
@given(st.lists(edit, max_size=8))
def test_edits_never_lose_what_nobody_took_away(edits: list[tuple[int, int, bytes]]) -> None:
    buf = bytes(range(100, 120))
    made = [make_edit(start, min(length, 20 - start), data) for start, length, data in edits]
    parts: list[bytes] = []
    splice(buf, 0, 20, sort_edits(made), parts)
    taken = {place for one in made for place in range(one.start, one.start + one.length)}
    inserted = b"".join(one.data for one in made)
    kept = [octet for octet in b"".join(parts) if octet >= 100 and octet not in inserted]
    assert kept == [octet for place, octet in enumerate(buf) if place not in taken and octet not in inserted]


def test_memory_and_time_are_linear_in_the_size() -> None:
    """A message of a megabyte in every field is parsed and passed on."""
    head = next(case.data for case in CASES if case.name == "lwsdisp")
    for old in (b"sip:user@", b"caller<", b"tag=323", b"lwsdisp", b"z9hG4bK"):
        check_octets(head.replace(old, old[:-1] + b"x" * (1 << 17) + old[-1:], 1))
    assert parse_message(head).is_request


def run(*arguments: str, pure: bool) -> "subprocess.CompletedProcess[str]":
    script = Path(fuzz_parser.__file__)
    source = str(fuzz_parser.ROOT / "src")
    environment = {**os.environ, "PYTHONPATH": source}
    if pure:
        environment["SIPROUTER_PURE"] = "1"
    command = [sys.executable, str(script), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def test_mutation_engine(tmp_path: Path) -> None:
    done = run("--engine", "mutate", "--runs", "1500", "--crashes", str(tmp_path), pure=False)
    assert done.returncode == 0, done.stderr
    assert "no invariant broken" in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is not installed")
def test_coverage_guided_engine(tmp_path: Path) -> None:
    done = run("--engine", "atheris", "--runs", "1000", "--crashes", str(tmp_path), pure=True)
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.iterdir())
