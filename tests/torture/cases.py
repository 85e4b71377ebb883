"""Every message of RFC 4475 and RFC 5118 with what becomes of it: at the parser, and at a proxy and registrar.

`CASES` is for the parser's tests here and for those that send the messages to a whole server.
"""

from dataclasses import dataclass

from tests.torture import rfc4475_invalid, rfc4475_layers, rfc4475_valid, rfc5118

FORWARD = 0  # well-formed: a proxy forwards it, a registrar registers
DROP = -1  # no reply is possible or wanted


@dataclass(frozen=True)
class Case:
    """One message and its verdicts.

    `parser` is the status `parse_message` refuses it with (0: accepted; for a reply any refusal means it is dropped).
    `server` is what a proxy and registrar for example.com do: `FORWARD`, `DROP`, or the status they answer. Where the
    RFC leaves a choice, `others` are the further statuses (or `FORWARD`) it permits.
    """

    name: str
    section: str
    data: bytes
    parser: int = 0
    server: int = FORWARD
    others: tuple[int, ...] = ()
    note: str = ""


_V, _I, _L, _6 = rfc4475_valid, rfc4475_invalid, rfc4475_layers, rfc5118

CASES = (
    Case("wsinv", "4475 3.1.1.1", _V.WSINV),
    Case("intmeth", "4475 3.1.1.2", _V.INTMETH, others=(404,)),
    Case("esc01", "4475 3.1.1.3", _V.ESC01, note="the user is sips%3Auser%40example.com; nothing is unescaped"),
    Case("escnull", "4475 3.1.1.4", _V.ESCNULL, server=200, note="two contacts that stay different"),
    Case("esc02", "4475 3.1.1.5", _V.ESC02, note="an unknown method and an unknown header field"),
    Case("lwsdisp", "4475 3.1.1.6", _V.LWSDISP),
    Case("longreq", "4475 3.1.1.7", _V.LONGREQ),
    Case("dblreq", "4475 3.1.1.8", _V.DBLREQ, server=200, note="on UDP what follows the first request is ignored"),
    Case("semiuri", "4475 3.1.1.9", _V.SEMIURI, note="the user is user;par=u%40example.net"),
    Case("transports", "4475 3.1.1.10", _V.TRANSPORTS),
    Case("mpart01", "4475 3.1.1.11", _V.MPART01, note="the body is passed on octet by octet"),
    Case("unreason", "4475 3.1.1.12", _V.UNREASON),
    Case("noreason", "4475 3.1.1.13", _V.NOREASON, note="the space behind the status stays"),
    Case("badinv01", "4475 3.1.2.1", _I.BADINV01, 400, 400),
    Case("clerr", "4475 3.1.2.2", _I.CLERR, 400, 400, note="on a stream the rest is awaited"),
    Case("ncl", "4475 3.1.2.3", _I.NCL, 400, 400, note="on a stream the connection is closed"),
    Case("scalar02", "4475 3.1.2.4", _I.SCALAR02, 400, 400),
    Case("scalarlg", "4475 3.1.2.5", _I.SCALARLG, 400, DROP),
    Case("quotbal", "4475 3.1.2.6", _I.QUOTBAL, 400, 400),
    Case("ltgtruri", "4475 3.1.2.7", _I.LTGTRURI, 400, 400, (FORWARD,)),
    Case("lwsruri", "4475 3.1.2.8", _I.LWSRURI, 400, 400),
    Case("lwsstart", "4475 3.1.2.9", _I.LWSSTART, 400, 400, (FORWARD,)),
    Case("trws", "4475 3.1.2.10", _I.TRWS, 400, 400, (FORWARD,)),
    Case("escruri", "4475 3.1.2.11", _I.ESCRURI, 400, 400, (FORWARD,)),
    Case("baddate", "4475 3.1.2.12", _I.BADDATE, note="only an element that needs Date refuses it"),
    Case("regbadct", "4475 3.1.2.13", _I.REGBADCT, 0, 400, note="the registrar refuses it, a proxy need not look"),
    Case("badaspec", "4475 3.1.2.14", _I.BADASPEC, 0, FORWARD, (400,)),
    Case("baddn", "4475 3.1.2.15", _I.BADDN, 0, FORWARD, (400,)),
    Case("badvers", "4475 3.1.2.16", _I.BADVERS, 505, 505),
    Case("mismatch01", "4475 3.1.2.17", _I.MISMATCH01, 400, 400),
    Case("mismatch02", "4475 3.1.2.18", _I.MISMATCH02, 400, 400, (501,)),
    Case("bigcode", "4475 3.1.2.19", _I.BIGCODE, 400, DROP),
    Case("badbranch", "4475 3.2.1", _L.BADBRANCH, 0, FORWARD, (400,), "transactions match it the way of RFC 2543"),
    Case("insuf", "4475 3.3.1", _L.INSUF, 400, 400),
    Case("unkscm", "4475 3.3.2", _L.UNKSCM, 0, 416),
    Case("novelsc", "4475 3.3.3", _L.NOVELSC, 0, 416),
    Case("unksm2", "4475 3.3.4", _L.UNKSM2, 0, 400, (404, 416), "the registrar refuses the address of record"),
    Case("bext01", "4475 3.3.5", _L.BEXT01, 0, 420),
    Case("invut", "4475 3.3.6", _L.INVUT, note="415 is for the endpoint"),
    Case("regaut01", "4475 3.3.7", _L.REGAUT01, 0, 401, note="200 where registering takes no authentication"),
    Case("multi01", "4475 3.3.8", _L.MULTI01, 400, 400),
    Case("mcl01", "4475 3.3.9", _L.MCL01, 400, 400, note="on a stream the connection is closed"),
    Case("bcast", "4475 3.3.10", _L.BCAST, 0, DROP, note="not to be sent to a broadcast address"),
    Case("zeromf", "4475 3.3.11", _L.ZEROMF, 0, 483, (200,)),
    Case("cparam01", "4475 3.3.12", _L.CPARAM01, 0, 200, note="unknownparam belongs to Contact, not to the URI"),
    Case("cparam02", "4475 3.3.13", _L.CPARAM02, 0, 200, note="unknownparam belongs to the URI"),
    Case("regescrt", "4475 3.3.14", _L.REGESCRT, 0, 200),
    Case("sdp01", "4475 3.3.15", _L.SDP01, note="406 is for the endpoint"),
    Case("inv2543", "4475 3.4.1", _L.INV2543, note="no tags, no branch, no Max-Forwards, no Content-Length"),
    Case("ipv6-good", "5118 4.1", _6.IPV6_GOOD, 0, 200),
    Case("ipv6-bad", "5118 4.2", _6.IPV6_BAD, 400, 400),
    Case("port-ambiguous", "5118 4.3", _6.PORT_AMBIGUOUS, 0, 200, note="an address that ends in 5070, no port"),
    Case("port-unambiguous", "5118 4.4", _6.PORT_UNAMBIGUOUS, 0, 200),
    Case("via-received-param-with-delim", "5118 4.5", _6.VIA_RECEIVED_PARAM_WITH_DELIM),
    Case("via-received-param-no-delim", "5118 4.5", _6.VIA_RECEIVED_PARAM_NO_DELIM),
    Case("ipv6-in-sdp", "5118 4.6", _6.IPV6_IN_SDP),
    Case("mult-ip-in-header", "5118 4.7", _6.MULT_IP_IN_HEADER),
    Case("mult-ip-in-sdp", "5118 4.8", _6.MULT_IP_IN_SDP),
    Case("ipv4-mapped-ipv6", "5118 4.9", _6.IPV4_MAPPED_IPV6),
    Case("ipv6-bug-abnf-3-colons", "5118 4.10", _6.IPV6_BUG_ABNF_3_COLONS, note="to be understood as two colons"),
    Case("ipv6-correct-abnf-2-colons", "5118 4.10", _6.IPV6_CORRECT_ABNF_2_COLONS),
)
