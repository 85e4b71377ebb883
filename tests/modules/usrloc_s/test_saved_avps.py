"""Attributes of contacts as text."""

import pytest

from siprouter.core.avp import CLASS_URI, CLASS_USER, TRACK_FROM, TRACK_TO
from siprouter.modules.usrloc_s.contact import SavedAvp
from siprouter.modules.usrloc_s.saved_avps import MAX_AVPS, avps_text, read_avps

TO_USER = CLASS_USER | TRACK_TO
FROM_USER = CLASS_USER | TRACK_FROM
FROM_URI = CLASS_URI | TRACK_FROM


def test_the_form_is_that_of_3_1() -> None:
    kept: tuple[SavedAvp, ...] = ((TO_USER, "class", "gold", 1), (FROM_URI, "n", -1, 3))
    assert avps_text(kept) == f"s5:4:{1 + 2 + 32 + 512 + 8192}:classgoldn1:10:{1 + 16 + 256 + 3 * 8192}:n4294967295"
    assert avps_text(()) == ""
    assert read_avps("") == ()


@pytest.mark.parametrize("value", ["", "a:b", "7", "s1:1:1:ab", "\xe9\u20ac", 0, -1, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("name", ["class", "\xe9", "", 7])
@pytest.mark.parametrize("klass", [TO_USER, FROM_USER, FROM_URI, CLASS_URI | TRACK_TO])
def test_all_comes_back(klass: int, name: str | int, value: str | int) -> None:
    kept: tuple[SavedAvp, ...] = ((klass, name, value, 1), (FROM_USER, "other", "x", 1 << 17))
    assert read_avps(avps_text(kept)) == kept


def test_what_no_database_takes_is_replaced_before_it_is_counted() -> None:
    text = avps_text(((TO_USER, "a", "x\0y\udcff", 1),))
    assert read_avps(text) == ((TO_USER, "a", "x\ufffdy\ufffd", 1),)


def test_attributes_of_domains_are_left_out() -> None:
    assert read_avps(f"s1:1:{3 + 64 + 256}:abs1:1:{3 + 32 + 256}:cd") == ((FROM_USER, "c", "d", 0),)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x1:1:1:ab", "no attributes"),
        ("s1:1", "no number"),
        ("s1:-1:1:ab", "no number"),
        ("s:1:1:ab", "no number"),
        ("s1:99999999999:1:ab", "no number"),
        ("s1:5:1:ab", "cut off"),
        (f"n1:1:{1 + 32 + 256}:ab", "invalid literal"),
        (f"s1:1:{3 + 32 + 256}:ab" * (MAX_AVPS + 1), "more than"),
    ],
)
def test_nonsense_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_avps(text)
