"""Cheap random mutations of SIP messages, for speed where no coverage guides."""

import random

TOKENS = (
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\r\n ", b" ", b"\t", b":", b";", b",", b"=", b'"', b"\\", b"<", b">", b"@",
    b"[", b"]", b"%00", b"\x00", b"\xff", b"\xc3\xbc", b"?", b"*", b"(", b"/", b"SIP/2.0", b"sip:", b"tel:", b"urn:",
    b";lr",
    b";tag=", b";branch=", b";rport", b";received=", b"Via: ", b"v:", b"l: 0", b"Content-Length: ", b"To: ", b"CSeq: ",
    b"Call-ID: ", b"INVITE", b"ACK", b"2147483648", b"4294967296", b"-1", b"18446744073709551616", b"[::1]", b"--b\r\n",
    b"A" * 300,
)  # fmt: skip


def mutate(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """One to six changes: octets, tokens, copied, moved or dropped stretches and lines, pieces of other messages."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        size = len(out)
        at = rng.randrange(size + 1)
        stop = min(size, at + rng.choice((1, 2, 4, 16, 64, 256)))
        kind = rng.randrange(9)
        if kind == 0 and size:
            out[at % size] = rng.randrange(256)
        elif kind == 1:
            out[at:at] = rng.choice(TOKENS)
        elif kind == 2:
            out[at:stop] = rng.choice(TOKENS)
        elif kind == 3:
            del out[at:stop]
        elif kind == 4:
            out[at:at] = out[at:stop] * rng.randint(1, 3)
        elif kind == 5:
            other = rng.choice(others)
            start = rng.randrange(len(other) + 1)
            out[at:at] = other[start : start + rng.choice((8, 64, 512))]
        elif kind == 6:
            lines = bytes(out).split(b"\r\n")
            first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
            lines[first], lines[second] = lines[second], lines[first]
            out = bytearray(b"\r\n".join(lines))
        elif kind == 7:
            lines = bytes(out).split(b"\r\n")
            lines.insert(rng.randrange(len(lines) + 1), rng.choice(rng.choice(others).split(b"\r\n")))
            out = bytearray(b"\r\n".join(lines))
        elif size:
            out[at % size] ^= 1 << rng.randrange(8)
        if len(out) > 20000:
            del out[20000:]
    return bytes(out)
