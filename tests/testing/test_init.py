"""The public names of the test kit."""

import pytest

import siprouter.testing


@pytest.mark.parametrize("name", siprouter.testing.__all__)
def test_names(name: str) -> None:
    assert getattr(siprouter.testing, name).__name__ in (name, "ScriptError")


def test_unknown_names() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = siprouter.testing.nothing
