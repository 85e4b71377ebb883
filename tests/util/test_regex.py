"""Regular expressions: compared with the C library's own regcomp(3), the engine SIP Router uses."""

import ctypes
import ctypes.util
import locale
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siprouter.util.errors import PeerError
from siprouter.util.regex import GroupRef, Regex, RegexError, UriRef, parse_subst

EXTENDED, ICASE, NEWLINE = 1, 2, 4  # <regex.h> of the GNU library


class _RegexT(ctypes.Structure):
    _fields_ = [("opaque", ctypes.c_char * 128)]


class _RegmatchT(ctypes.Structure):
    _fields_ = [("so", ctypes.c_int), ("eo", ctypes.c_int)]


_libc = ctypes.CDLL(ctypes.util.find_library("c"))
_is_gnu = hasattr(_libc, "gnu_get_libc_version")
gnu_only = pytest.mark.skipif(not _is_gnu, reason="the flag values are those of the GNU C library")


@pytest.fixture(autouse=True, scope="module")
def c_locale() -> Iterator[None]:
    """SIP Router never leaves the C locale, where a character is a byte."""
    before = locale.setlocale(locale.LC_CTYPE)
    locale.setlocale(locale.LC_CTYPE, "C")
    yield
    locale.setlocale(locale.LC_CTYPE, before)


def c_search(pattern: bytes, text: bytes, flags: int) -> tuple[int, int] | None | str:
    """The span the C library finds, None, or "bad" where it refuses the pattern."""
    compiled = _RegexT()
    if _libc.regcomp(ctypes.byref(compiled), pattern, flags):
        return "bad"
    found = (_RegmatchT * 1)()
    failed = _libc.regexec(ctypes.byref(compiled), text, 1, found, 0)
    _libc.regfree(ctypes.byref(compiled))
    return None if failed else (found[0].so, found[0].eo)


def our_search(pattern: bytes, text: bytes, flags: int) -> tuple[int, int] | None | str:
    try:
        regex = Regex(
            pattern.decode("utf-8", "surrogateescape"),
            icase=bool(flags & ICASE),
            newline=bool(flags & NEWLINE),
            basic=not flags & EXTENDED,
        )
    except RegexError:
        return "bad"
    match = regex.search_bytes(text)
    assert regex.matches(text.decode("utf-8", "surrogateescape")) is (match is not None)
    return None if match is None else match.span()


CASES = [
    (rb"^sip:([^@]+)@", b"sip:alice@example.com", EXTENDED),
    (rb"a|ab", b"xab", EXTENDED),
    (rb"(a|ab)(c|bcd)", b"abcd", EXTENDED),
    (rb"(a*)(ab)*b*", b"aabb", EXTENDED),
    (rb"x*", b"aaa", EXTENDED),
    (rb"[[:digit:]]{2,3}", b"a12345", EXTENDED),
    (rb"[]a]+", b"]]a", EXTENDED),
    (rb"[^]a]+", b"]b", EXTENDED),
    (rb"[a-]+", b"b-a", EXTENDED),
    (rb"[a\]+", rb"x\a]", EXTENDED),
    (rb"[[.a.]-c]+", b"zbc", EXTENDED),
    (rb"[[=b=]]", b"ab", EXTENDED),
    (rb"^b", b"a\nb", EXTENDED | NEWLINE),
    (rb"^b", b"a\nb", EXTENDED),
    (rb"a$", b"a\nb", EXTENDED | NEWLINE),
    (rb"a$", b"a\n", EXTENDED),
    (rb"a.b", b"a\nb", EXTENDED | NEWLINE),
    (rb"a.b", b"a\nb", EXTENDED),
    (rb"a[^x]b", b"a\nb", EXTENDED | NEWLINE),
    (rb"USER-agent: .*friendly", b"User-Agent: friendly-scanner", EXTENDED | ICASE),
    (rb"[^a]", b"aA", EXTENDED | ICASE),
    (rb"[[:upper:]]+", b"ab", EXTENDED | ICASE),
    (rb"\w+\W\s\S", b"  ab! x", EXTENDED),
    (rb"\bcd\b", b"abcd cd", EXTENDED),
    (rb"\<cd\>", b"abcd cd", EXTENDED),
    (rb"(a+)b\1", b"aabaaa", EXTENDED),
    (rb"\(a\)\{2\}", b"caa", 0),
    (rb"a\|b", b"xb", 0),
    (rb"(a|b)+", b"x(a|b)+", 0),
    (rb"*a", b"x*a", 0),
    (rb"^*a", b"*a", 0),
    (rb"a^b$c", b"a^b$c", 0),
    (rb"a\+\?", b"xaa", 0),
    (rb"a)", b"a)", EXTENDED),
    (rb"a{", b"a{", EXTENDED),
    (rb"a{x}", b"a{x}", EXTENDED),
    (rb"a{,2}", b"aaa", EXTENDED),
    (rb"()", b"a", EXTENDED),
    (rb"a||b", b"b", EXTENDED),
    (rb"(|a)+", b"aa", EXTENDED),
    (rb"a**", b"aa", EXTENDED),
    (rb"a+?", b"aa", EXTENDED),
    ("é+".encode(), "xéé".encode(), EXTENDED),
    (b"\xff[\x80-\xff]", b"a\xff\x81", EXTENDED),
]


@gnu_only
@pytest.mark.parametrize("pattern,text,flags", CASES)
def test_same_match_as_the_c_library(pattern: bytes, text: bytes, flags: int) -> None:
    assert our_search(pattern, text, flags) == c_search(pattern, text, flags)


BAD = [
    rb"(",
    rb"[a",
    rb"a\\"[:-1],
    rb"*a",
    rb"+",
    rb"[[:nope:]]",
    rb"[b-a]",
    rb"a{2,1}",
    rb"(*a)",
    rb"a|*b",
    rb"\1",
    rb"a{40000}",
]


@gnu_only
@pytest.mark.parametrize("pattern", BAD)
def test_refused_like_the_c_library(pattern: bytes) -> None:
    assert c_search(pattern, b"", EXTENDED) == "bad"
    assert our_search(pattern, b"", EXTENDED) == "bad"


def test_bad_pattern_tells_where() -> None:
    with pytest.raises(RegexError) as caught:
        Regex("ab[c")
    assert isinstance(caught.value, ValueError)
    assert caught.value.position == 2


# The C library takes exponential time for some nested loops, and finds wrong matches for anchors inside groups: both
# are left out here.
_atoms = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", "\\.", "[[:alpha:]]", "x", "}"])
_loops = st.sampled_from(["*", "+", "?", "{1,2}", "{2}", "{0,1}"])
_pieces = st.one_of(_atoms, st.tuples(_atoms, _loops).map("".join))
_sequences = st.lists(_pieces, min_size=1, max_size=4).map("".join)
_groups = st.tuples(st.lists(_sequences, min_size=1, max_size=3).map("|".join), _loops | st.just("")).map(
    lambda pair: f"({pair[0]}){pair[1]}"
)
_bodies = st.lists(_sequences | _groups, min_size=1, max_size=3).map("".join)
_patterns = st.tuples(st.sampled_from(["", "^"]), _bodies, st.sampled_from(["", "$"])).map("".join)


@gnu_only
@settings(max_examples=600, deadline=None)
@given(
    _patterns,
    st.text(alphabet="abcx.\n", max_size=12),
    st.sampled_from([EXTENDED, EXTENDED | NEWLINE, EXTENDED | ICASE]),
)
def test_random_patterns_like_the_c_library(pattern: str, text: str, flags: int) -> None:
    if not flags & NEWLINE:
        text = text.replace("\n", "")  # the C library itself takes `.^` as a match of a lone newline then
    expected = c_search(pattern.encode(), text.encode(), flags)
    assert our_search(pattern.encode(), text.encode(), flags) == expected


def test_groups() -> None:
    match = Regex("^sip:([^@]+)@([^:]+)(:([0-9]+))?").search("sip:bob@example.com")
    assert match is not None
    assert match.groups() == ["bob", "example.com", None, None]
    assert match.span(1) == (4, 7)
    assert match.group(9) is None


def test_offsets_in_non_ascii_text_are_characters() -> None:
    text = "ü\udcffbob"  # two bytes, then one that is no UTF-8
    match = Regex("b(o)b").search(text)
    assert match is not None
    assert (match.start, match.end, match.group(1)) == (2, 5, "o")
    assert Regex("^...b").matches(text)  # bytes, as in C
    assert Regex("x", icase=True).search(text, 1) is None


def test_search_from_a_position() -> None:
    assert Regex("^a").search("aa", 1) is None
    found = Regex("(b|bc)").search("bcbc", 1)
    assert found is not None and found.span() == (2, 4)


@pytest.mark.parametrize(
    "pattern", ["(a*)*b", "(a|a)*b", "a*a*a*a*b", "(a+)+$", "(.*)(.*)(.*)(.*)x", "((a{0,9}){0,9}){0,9}b"]
)
def test_no_pattern_takes_for_ever(pattern: str) -> None:
    regex = Regex(pattern)
    for text in ("a" * 50_000 + "!", "a" * 60 + "!"):  # a search that backtracks would not come back from these
        assert regex.matches(text) == (regex.search(text) is not None)


def test_back_references_are_bounded() -> None:
    regex = Regex("(a+)b\\1")
    assert regex.matches("aabaa")
    with pytest.raises(PeerError):
        regex.matches("a" * 60_000)
    with pytest.raises(RegexError):
        Regex("((a*)*)*\\1")


def test_subst_replaces_groups_escapes_and_variables() -> None:
    def parse_pv(text: str, pos: int) -> tuple[object, int]:
        return ("pv", text[pos : pos + 3]), pos + 3

    subst = parse_subst("/^sip:([a-z]+)@(.*)$/sip:\\2-\\1\\$\\/\\t$fU!\\u/i", parse_pv)
    assert [type(part) for part in subst.parts if not isinstance(part, str)] == [GroupRef, GroupRef, tuple, UriRef]
    assert not subst.replace_all

    def expand(part: object) -> str:
        return "URI" if isinstance(part, UriRef) else "VAR"

    assert subst.run("SIP:bob@host", expand) == ("sip:host-bob$/\tVAR!URI", 1)
    assert subst.run("tel:1", expand) == ("tel:1", 0)


def test_subst_all_and_edits() -> None:
    subst = parse_subst("#a+#<\\0>#g")
    assert subst.run("baaca", str) == ("b<aa>c<a>", 2)
    assert subst.edits("baaca", str) == [(1, 2, "<aa>"), (4, 1, "<a>")]
    assert parse_subst("/a/b/").run("aa", str) == ("ba", 1)


def test_subst_of_the_empty_string_is_refused() -> None:
    with pytest.raises(ValueError):
        parse_subst("/x*/y/g").run("aaa", str)


@pytest.mark.parametrize(
    "expression,position",
    [("/a", 0), ("\\a\\b\\", 0), ("/abc", 4), ("/a/bc", 5), ("/a/b/q", 5), ("/a(/b/", 2), ("/a/\\", 3)],
)
def test_bad_substitutions(expression: str, position: int) -> None:
    with pytest.raises(RegexError) as caught:
        parse_subst(expression)
    assert caught.value.position == position
