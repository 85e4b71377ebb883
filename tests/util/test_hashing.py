from siprouter.util.hashing import call_shard, core_case_hash, core_hash


def test_core_hash_by_hand() -> None:
    assert core_hash(b"") == 0
    word = 0x61
    assert core_hash(b"a") == word ^ (word >> 3)
    word = 0x61626364
    value = word ^ (word >> 3)
    value += 0x65 ^ (0x65 >> 3)
    assert core_hash(b"abcde") == (value + (value >> 11) + (value >> 13) + (value >> 23)) & 0xFFFFFFFF


def test_second_string_starts_a_new_word() -> None:
    assert core_hash(b"ab", b"cd") != core_hash(b"abcd")
    assert core_hash(b"ab", b"") == core_hash(b"ab")


def test_bytes_are_signed() -> None:
    word = 0xFFFFFFFF  # -1
    value = word ^ (word >> 3)
    assert core_hash(b"\xff") == (value + (value >> 11) + (value >> 13) + (value >> 23)) & 0xFFFFFFFF


def test_size_and_case() -> None:
    assert core_hash(b"alice", size=512) == core_hash(b"alice") % 512
    assert core_case_hash(b"AliCE", b"X.Org") == core_hash(b"alice", b"x.org")
    assert core_case_hash(b"[") == core_hash(b"[")


def test_call_shards_are_even() -> None:
    counts = [0] * 4
    for number in range(4000):
        counts[call_shard(b"call-%d@host" % number, 4)] += 1
    assert min(counts) > 900
