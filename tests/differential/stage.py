"""One router with the endpoints around it, what they say, and a transcript of what they hear."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.support.routers import Router, ping
from tests.support.wire import Endpoint, Message

NAMES = ("alice", "bob", "carol")
IGNORED = {"server", "warning", "user-agent", "content-length", "date"}

SDP = "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 4000 RTP/AVP 0\n"


class Stage:
    """``alice``, ``bob`` and ``carol`` speak UDP, ``tina`` TCP. Call-IDs, tags and branches come from ``case``."""

    def __init__(self, router: Router, case: str) -> None:
        self.router = router
        self.case = case
        self.endpoints = {name: Endpoint(name, router.address) for name in NAMES}
        self.endpoints["tina"] = self.connect("tina")
        self.alice, self.bob, self.carol, self.tina = self.endpoints.values()
        self.branches = 0

    def connect(self, name: str) -> Endpoint:
        """An endpoint that speaks TCP, from a port with a number of its own: transcripts tell endpoints by it."""
        taken = {endpoint.port for endpoint in self.endpoints.values()}
        rejected = []
        endpoint = Endpoint(name, self.router.address, "tcp")
        while endpoint.port in taken:
            rejected.append(endpoint)
            endpoint = Endpoint(name, self.router.address, "tcp")
        for other in rejected:
            other.close()
        return endpoint

    def close(self) -> None:
        for endpoint in self.endpoints.values():
            endpoint.close()

    def uri(self, user: str) -> str:
        """The address of record of ``user`` in this case (so that cases do not see each other's contacts)."""
        return f"sip:{user}.{self.case}@test.local"

    def contact(self, endpoint: Endpoint) -> str:
        transport = ";transport=tcp" if endpoint.proto == "tcp" else ""
        return f"sip:{endpoint.name}@{endpoint.address}{transport}"

    def request(
        self,
        endpoint: Endpoint,
        method: str,
        uri: str,
        to: str = "",
        cseq: int = 1,
        extra: str = "",
        body: str = "",
        branch: str = "",
        contact: str | None = None,
        call: str = "",
        max_forwards: int = 70,
    ) -> str:
        """The text of a request from ``endpoint``; ``extra`` are whole header lines, ``branch`` repeats an old one."""
        self.branches += 0 if branch else 1
        branch = branch or f"z9hG4bK-t-{self.case}-{self.branches}"
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/{endpoint.proto.upper()} {endpoint.address};branch={branch};rport",
            f"Max-Forwards: {max_forwards}",
            f"From: {endpoint.name.title()} <sip:{endpoint.name}@test.local>;tag=t-{endpoint.name}",
            f"To: <{to or uri}>" if "<" not in to else f"To: {to}",
            f"Call-ID: {call or self.case}@{endpoint.name}",
            f"CSeq: {cseq} {method}",
        ]
        contact = f"<{self.contact(endpoint)}>" if contact is None else contact
        if contact:
            lines.append(f"Contact: {contact}")
        lines += extra.strip().splitlines()
        if body:
            lines.append("Content-Type: application/sdp")
        lines.append(f"Content-Length: {len(body.replace(chr(10), chr(13) + chr(10)))}")
        return "\n".join(lines) + "\n\n" + body

    def invite(self, endpoint: Endpoint, uri: str, **more: object) -> str:
        return self.request(endpoint, "INVITE", uri, body=SDP, **more)  # type: ignore[arg-type]

    def reply(self, request: Message, status: int, reason: str, tag: str = "", extra: str = "", body: str = "") -> str:
        """The text of a reply to a request as received."""
        lines = [f"SIP/2.0 {status} {reason}"]
        for name, value in request.headers:
            if name in ("via", "from", "call-id", "cseq") or (name == "record-route" and 100 < status < 300):
                lines.append(f"{name.title()}: {value}")
            elif name == "to":
                lines.append(f"To: {value}" + (f";tag=t-{tag}" if tag and ";tag=" not in value else ""))
        lines += extra.strip().splitlines()
        if body:
            lines.append("Content-Type: application/sdp")
        lines.append(f"Content-Length: {len(body.replace(chr(10), chr(13) + chr(10)))}")
        return "\n".join(lines) + "\n\n" + body

    def answer(self, endpoint: Endpoint, invite: Message, status: int = 200, reason: str = "OK") -> Message:
        """Sends a reply with the endpoint's tag, Contact and body; returns the request."""
        contact = f"Contact: <{self.contact(endpoint)}>" if status < 300 else ""
        body = SDP if status == 200 and invite.method == "INVITE" else ""
        endpoint.send(self.reply(invite, status, reason, endpoint.name, contact, body))
        return invite

    def ack(self, endpoint: Endpoint, uri: str, final: Message, branch: str = "") -> None:
        """Acknowledges ``final``: within the dialog for a 2xx, else in the INVITE's transaction (``branch``)."""
        routes = [] if branch else [f"Route: {value}" for value in reversed(final.all("record-route"))]
        cseq = int(final.value("cseq").split()[0])
        self.within(endpoint, "ACK", uri, final, cseq, "\n".join(routes), branch)

    def within(
        self, endpoint: Endpoint, method: str, uri: str, final: Message, cseq: int, routes: str, branch: str = ""
    ) -> None:
        text = self.request(endpoint, method, uri, final.value("to"), cseq, routes, branch=branch, contact="")
        endpoint.send(re.sub(r"Call-ID: .*", f"Call-ID: {final.value('call-id')}", text))

    def register(self, endpoint: Endpoint, user: str, params: str = "", extra: str = "", cseq: int = 1) -> Message:
        """Binds ``user`` to the endpoint and returns the reply."""
        contact = f"<{self.contact(endpoint)}>{params}"
        text = self.request(endpoint, "REGISTER", "sip:test.local", self.uri(user), cseq, extra, contact=contact,
                            call=f"reg-{self.case}-{user}")  # fmt: skip
        endpoint.send(text)
        return endpoint.next()

    def settle(self) -> None:
        """Returns when all that the router has sent so far is received: a ping of each endpoint comes back after it."""
        for endpoint in self.endpoints.values():
            call = ping(endpoint)
            while endpoint.next().value("call-id") != call:
                pass

    def transcript(self) -> list[str]:
        """What each endpoint has received, in order, with addresses, tags, branches and clocks replaced by names."""
        self.settle()
        normal = Normal(self)
        lines = []
        for name, endpoint in self.endpoints.items():
            for message in endpoint.received:
                if not message.value("call-id").startswith("ping"):
                    lines += [f"{name} <- {normal.text(message.start)}", *normal.headers(message)]
        return lines


class Normal:
    """Replaces what must differ between two routers: ports by names, generated tags and branches by their order."""

    def __init__(self, stage: Stage) -> None:
        self.ports = {str(endpoint.port): name for name, endpoint in stage.endpoints.items()}
        self.ports[str(stage.router.port)] = "router"
        self.known: dict[str, str] = {}

    def numbered(self, prefix: str) -> Callable[[re.Match[str]], str]:
        def name(match: re.Match[str]) -> str:
            token = match[2]
            if not token.startswith(("z9hG4bK-t-", "t-")):
                token = self.known.setdefault(token, f"{prefix}{len(self.known)}")
            return match[1] + token

        return name

    def text(self, text: str) -> str:
        text = re.sub(r"(127\.0\.0\.1:|rport=)(\d+)", lambda match: match[1] + self.ports.get(match[2], "other"), text)
        text = re.sub(r"(branch=)([^;>\s]+)", self.numbered("BRANCH"), text)
        # the connection that a reply goes back by is the router's own affair
        text = re.sub(r"(branch=BRANCH\d+);i=[0-9a-f]+", r"\1", text)
        text = re.sub(r"(tag=)([^;>\s]+)", self.numbered("TAG"), text)
        return re.sub(r"(expires=)(\d+)", lambda match: f"{match[1]}{-(-int(match[2]) // 10) * 10}", text)

    def headers(self, message: Message) -> list[str]:
        found = []
        for name, value in message.headers:
            if name not in IGNORED:
                found.append(f"    {name}: {self.parameters(self.text(value))}")
        found.sort(key=lambda line: line.partition(":")[0])
        if message.body:
            found.append(f"    body: {message.body!r}")
        return found

    @staticmethod
    def parameters(value: str) -> str:
        """Parameters in alphabetical order, within the URI in angle brackets and after it."""
        parts = re.split(r"(<[^>]*>)", value)
        return "".join(sort_parameters(part) for part in parts)


def sort_parameters(text: str) -> str:
    end = ">" if text.endswith(">") else ""
    first, *rest = text.removesuffix(end).split(";")
    return ";".join([first, *sorted(rest)]) + end
