"""Prefixes with a value each, in few octets: two sorted columns of numbers instead of a tree of objects.

A prefix is a number: its characters as digits, from the left, in the base of their count plus one; 0 fills it up. So
prefixes sort as text does, and a prefix of a text is below it by less than the digits behind it can tell. The longest
prefix of a text is the greatest number not above it, or one of those that this one starts with: each entry knows the
longest other that it starts with. So one search finds it, whatever the number of prefixes.

A million prefixes of up to 18 digits cost 17 octets each, and their values once for each text.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator

from siprouter.util.text import to_bytes, to_str

MAX_DEPTH = 32
NONE = -1
STEP = 5000
# distinct values that are recognised while loading; beyond them a value may be kept more than once
MAX_KNOWN = 100_000
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Alphabet:
    """The characters that prefixes are made of, and prefixes as numbers of `width` digits."""

    def __init__(self, characters: str) -> None:
        self.characters = "".join(sorted(set(characters)))
        self.base = len(self.characters) + 1
        self.run = re.compile(f"[{re.escape(self.characters)}]*" if self.characters else "")
        self._quick = self.base <= len(_DIGITS)
        self._table = {ord(char): _DIGITS[(at + 1) % len(_DIGITS)] for at, char in enumerate(self.characters)}
        self._values = {char: at + 1 for at, char in enumerate(self.characters)}
        self.short = 1
        while self.short < MAX_DEPTH and self.base ** (self.short + 1) <= 1 << 64:
            self.short += 1

    def valid(self, text: str) -> int:
        """How many characters from the beginning are of this alphabet."""
        match = self.run.match(text)
        return match.end() if match else 0

    def number(self, text: str, width: int) -> int:
        """The first `width` characters, all of the alphabet, as a number."""
        if self._quick:
            return int(text[:width].translate(self._table).ljust(width, "0"), self.base)
        number = 0
        for char in text[:width]:
            number = number * self.base + self._values[char]
        return int(number * self.base ** (width - min(len(text), width)))

    def text(self, number: int, length: int, width: int) -> str:
        """The `length` characters of a number."""
        number //= self.base ** (width - length)
        found = []
        for _ in range(length):
            number, digit = divmod(number, self.base)
            found.append(self.characters[digit - 1])
        return "".join(reversed(found))


class Values:
    """Texts by number, one after the other in one string of octets."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.ends = array("Q")
        self._known: dict[str, int] = {}

    def add(self, text: str) -> int:
        """The number of a text; the same for the same text, up to a bound."""
        number = self._known.get(text)
        if number is None:
            number = len(self.ends)
            self.data += to_bytes(text)
            self.ends.append(len(self.data))
            if len(self._known) < MAX_KNOWN:
                self._known[text] = number
        return number

    def close(self) -> None:
        """Nothing more is added."""
        self._known = {}

    def __getitem__(self, number: int) -> str:
        start = self.ends[number - 1] if number else 0
        return to_str(bytes(self.data[start : self.ends[number]]))


class PrefixIndex:
    """Prefixes and values: `add` them, run through `finish`, then look for them."""

    def __init__(self, alphabet: Alphabet) -> None:
        self.alphabet = alphabet
        self.width = alphabet.short
        self.keys: array[int] | list[int] = array("Q")
        self.lengths = bytearray()
        self.numbers = array("I")
        self.parents = array("i")
        self.values = Values()
        self.dropped = 0
        self._powers: list[int] = [alphabet.base**places for places in range(MAX_DEPTH + 1)]

    def __len__(self) -> int:
        return len(self.lengths)

    def add(self, prefix: str, value: str) -> None:
        """Raises ValueError for what cannot be a prefix."""
        length = len(prefix)
        if not 0 < length < MAX_DEPTH:
            raise ValueError(f"prefix '{prefix}' must have 1 to {MAX_DEPTH - 1} characters")
        if self.alphabet.valid(prefix) < length:
            raise ValueError(f"prefix '{prefix}' has a character that is not in char_list")
        if length > self.width:
            self._widen()
        self.keys.append(self.alphabet.number(prefix, self.width))
        self.lengths.append(length)
        self.numbers.append(self.values.add(value))

    def _widen(self) -> None:
        """Numbers of more than 64 bits, for long prefixes."""
        factor = self._powers[MAX_DEPTH - self.width]
        self.keys = [key * factor for key in self.keys]
        self.width = MAX_DEPTH

    def finish(self, duplicates: bool = False) -> Iterator[None]:
        """Sort, and tell each prefix which other it starts with; in small steps, each `yield` after one.

        Of a prefix that comes more than once the first counts, and `dropped` counts the others; unless `duplicates` is
        set ValueError is raised for them.
        """
        self.values.close()
        keys = self.keys
        for at in range(1, len(keys)):
            if at % STEP == 0:
                yield
            if keys[at - 1] >= keys[at]:
                self._sort(duplicates)
                break
        yield from self._find_parents()

    def _sort(self, duplicates: bool) -> None:
        keys = self.keys
        order = sorted(range(len(keys)), key=keys.__getitem__)
        kept = [entry for at, entry in enumerate(order) if not at or keys[order[at - 1]] != keys[entry]]
        if len(kept) < len(order) and not duplicates:
            twice = next(order[at] for at in range(1, len(order)) if keys[order[at - 1]] == keys[order[at]])
            raise ValueError(f"prefix '{self.prefix(twice)}' is there more than once")
        sorted_keys = [keys[entry] for entry in kept]
        self.keys = array("Q", sorted_keys) if isinstance(keys, array) else sorted_keys
        self.lengths = bytearray([self.lengths[entry] for entry in kept])
        self.numbers = array("I", [self.numbers[entry] for entry in kept])
        self.dropped = len(order) - len(kept)

    def _find_parents(self) -> Iterator[None]:
        parents = array("i")
        open_entries: list[int] = []
        for at, key in enumerate(self.keys):
            while open_entries and not self._covers(open_entries[-1], key):
                open_entries.pop()
            parents.append(open_entries[-1] if open_entries else NONE)
            open_entries.append(at)
            if at % STEP == 0:
                yield
        self.parents = parents

    def _covers(self, entry: int, number: int) -> bool:
        """Whether a number not below that of an entry starts with it."""
        return number < self.keys[entry] + self._powers[self.width - self.lengths[entry]]

    def longest(self, text: str) -> int:
        """The entry of the longest prefix of a text that is all of the alphabet, or NONE."""
        number = self.alphabet.number(text, self.width)
        entry = bisect_right(self.keys, number) - 1
        while entry >= 0 and not self._covers(entry, number):
            entry = self.parents[entry]
        return entry

    def goes_on(self, text: str) -> bool:
        """Whether a longer prefix starts with this text, all of the alphabet."""
        if len(text) >= self.width:
            return False
        number = self.alphabet.number(text, self.width)
        at = bisect_right(self.keys, number)
        return at < len(self.keys) and self.keys[at] - number < self._powers[self.width - len(text)]

    def all(self, text: str) -> Iterator[int]:
        """The entries of all prefixes of a text, the longest first."""
        entry = self.longest(text)
        while entry >= 0:
            yield entry
            entry = self.parents[entry]

    def prefix(self, entry: int) -> str:
        """The prefix of an entry."""
        return self.alphabet.text(self.keys[entry], self.lengths[entry], self.width)

    def value(self, entry: int) -> str:
        """The value of an entry."""
        return self.values[self.numbers[entry]]

    def length(self, entry: int) -> int:
        """How long the prefix of an entry is."""
        return self.lengths[entry]

    def items(self) -> Iterator[tuple[str, str]]:
        """Prefixes and values, sorted."""
        for entry in range(len(self)):
            yield self.prefix(entry), self.value(entry)

    def size(self) -> int:
        """The octets of all this, nearly."""
        each = (8 if isinstance(self.keys, array) else 48) + 1 + self.numbers.itemsize + self.parents.itemsize
        return len(self) * each + len(self.values.data) + len(self.values.ends) * 8
