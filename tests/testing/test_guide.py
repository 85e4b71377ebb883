"""Every example of docs/testing.md runs as a reader would run it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.testing.test_plugin import OTHERS, PLUGIN

pytest_plugins = ["pytester"]

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "testing.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    """The fenced blocks in a language, in order."""
    return [text for found, text in BLOCK.findall(GUIDE.read_text()) if found == language]


def test_all_examples(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    (config,) = blocks("kamailio")
    pytester.path.joinpath("kamailio.cfg").write_text(config)
    pytester.path.joinpath("pytest.ini").write_text(blocks("ini")[0])
    examples = blocks("python")
    for number, text in enumerate(examples):
        pytester.path.joinpath(f"test_example_{number}.py").write_text(text)
    tests = sum(text.count("def test_") for text in examples)
    assert tests >= 18
    result = pytester.runpytest_inprocess(*PLUGIN, *OTHERS, "-W", "error", "--strict-markers")
    result.assert_outcomes(passed=tests)


def test_the_coverage_settings_name_the_plugin() -> None:
    assert "plugins = siprouter.testing.coverage" in blocks("ini")[1]
