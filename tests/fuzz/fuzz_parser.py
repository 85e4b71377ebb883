"""Fuzzes the message parser, framer and builders with mutated messages from the stored corpus.

``--engine atheris`` is guided by coverage (pure Python); ``--engine mutate`` mutates blindly but runs the compiled
modules at full speed. Both stop after ``--runs`` messages. A message that breaks an invariant of ``checks.py`` is
written to ``--crashes`` and ends the run with status 1.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import FunctionType

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path(__file__).resolve().parent / "corpus"
sys.path.insert(0, str(ROOT))


def stored() -> list[bytes]:
    """The corpus, in a fixed order."""
    return [path.read_bytes() for path in sorted(CORPUS.iterdir())]


def run_mutate(runs: int, seed: int, crashes: Path, fast: bool) -> int:
    """Blind mutations; prints how many messages were accepted. Returns the exit status."""
    from tests.fuzz.checks import check_fast, check_octets
    from tests.fuzz.mutate import mutate

    check = check_fast if fast else check_octets
    rng = random.Random(seed)
    pool = stored()
    accepted = 0
    start = time.monotonic()
    for number in range(runs):
        data = mutate(rng.choice(pool), pool, rng)
        before = time.monotonic()
        try:
            ok = check(data)
            assert time.monotonic() - before < 5, "too slow"
        except Exception as error:
            keep(crashes, data)
            print(f"message {number} (seed {seed}): {error!r}", file=sys.stderr)
            raise
        if ok:
            accepted += 1
            # what was accepted is a seed for more, at random so that the pool stays varied and bounded
            if len(pool) < 2000:
                pool.append(data)
            elif number % 50 == 0:
                pool[rng.randrange(len(pool))] = data
    seconds = time.monotonic() - start
    print(f"{runs} messages in {seconds:.0f} s, {accepted} accepted, no invariant broken")
    return 0


def run_atheris(runs: int, seed: int, crashes: Path, corpus: Path | None) -> None:
    """Coverage-guided; does not return."""
    os.environ["SIPROUTER_PURE"] = "1"
    import atheris

    from tests.fuzz.checks import check_octets

    instrument(atheris.instrument_func)
    crashes.mkdir(parents=True, exist_ok=True)
    # libFuzzer writes what it finds into the first folder, which must not be the stored corpus
    found = str(corpus if corpus is not None else tempfile.mkdtemp())
    arguments = [
        sys.argv[0], found, str(CORPUS), f"-runs={runs}", f"-seed={seed}", "-max_len=2048", "-timeout=10",
        "-rss_limit_mb=2048", f"-artifact_prefix={crashes}/",
        f"-dict={Path(__file__).with_name('sip.dict')}", "-print_final_stats=1",
    ]  # fmt: skip
    atheris.Setup(arguments, check_octets, enable_python_coverage=True)
    atheris.Fuzz()


def instrument(prepare: Callable[[FunctionType], object]) -> None:
    """Prepares every function and method of the loaded ``siprouter.sip`` modules, in place, for measuring coverage."""
    for name, module in list(sys.modules.items()):
        if not name.startswith("siprouter.sip."):
            continue
        for value in vars(module).values():
            members = list(vars(value).values()) if isinstance(value, type) else [value]
            for member in members:
                function = member.fget if isinstance(member, property) else member
                if isinstance(function, FunctionType) and function.__module__ == name:
                    prepare(function)


def keep(crashes: Path, data: bytes) -> None:
    """Writes a message that broke something."""
    crashes.mkdir(parents=True, exist_ok=True)
    (crashes / f"crash-{random.Random(data).getrandbits(64):016x}").write_bytes(data)


def main() -> int:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=("atheris", "mutate"), default="mutate")
    parser.add_argument("--fast", action="store_true", help="mutate: only what a server does with every message")
    parser.add_argument("--crashes", type=Path, default=Path("fuzz-crashes"))
    parser.add_argument("--new-corpus", type=Path, help="where atheris writes the inputs that reach new code")
    given = parser.parse_args()
    if given.engine == "mutate":
        return run_mutate(given.runs, given.seed, given.crashes, given.fast)
    if given.new_corpus is not None:
        given.new_corpus.mkdir(parents=True, exist_ok=True)
    run_atheris(given.runs, given.seed, given.crashes, given.new_corpus)
    return 0


if __name__ == "__main__":
    sys.exit(main())
