"""What operators read about their mistakes: a configuration in, everything found wrong out.

SIPROUTER_UPDATE_GOLDEN=1 writes the expected output anew; look at the difference before committing it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from siprouter.script.diagnostics import Diagnostics
from siprouter.script.load import compile_script, load_modules, parse_text
from siprouter.script.params import core_settings
from tests.support.fakes import FakeWorker
from tests.support.scripts import PROBE

FOLDER = Path(__file__).parent / "diagnostics"


def find_all(name: str) -> Diagnostics:
    """Everything wrong with one of the configurations."""
    worker = FakeWorker(settings=core_settings())
    worker.add_module(PROBE)
    text = (FOLDER / name).read_text().replace('loadmodule "probe"', "")
    parsed = parse_text(text, name=name)
    load_modules(parsed, worker)
    parsed.report(worker.configure_modules())
    script = compile_script(parsed, worker)
    assert (script is None) == parsed.diagnostics.failed
    return parsed.diagnostics


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.cfg")))
def test_golden(name: str) -> None:
    expected = FOLDER / name.replace(".cfg", ".txt")
    found = find_all(name).render() + "\n"
    if os.environ.get("SIPROUTER_UPDATE_GOLDEN") == "1":
        expected.write_text(found)
    assert found == expected.read_text()
