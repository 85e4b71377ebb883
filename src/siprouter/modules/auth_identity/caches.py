"""What is remembered: certificates by their address, and the requests that were seen."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


@dataclass(slots=True)
class Trusted:
    """A certificate that an authority vouches for, until `ends` (seconds since 1970)."""

    certificate: Certificate
    ends: float


class CertificateCache:
    """Trusted certificates; over the limit the one that was not used for longest goes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._found: OrderedDict[str, Trusted] = OrderedDict()

    def get(self, url: str, now: float) -> Certificate | None:
        """The certificate of an address, None where there is none that is still valid."""
        found = self._found.get(url)
        if found is None:
            return None
        if found.ends < now:
            del self._found[url]
            return None
        self._found.move_to_end(url)
        return found.certificate

    def put(self, url: str, certificate: Certificate, ends: float) -> None:
        """Remember a certificate."""
        self._found[url] = Trusted(certificate, ends)
        self._found.move_to_end(url)
        while len(self._found) > max(self.limit, 0):
            self._found.popitem(last=False)

    def __len__(self) -> int:
        return len(self._found)


class ReplayGuard:
    """The highest CSeq of each (Call-ID, From tag) for some time; over the limit the oldest are forgotten."""

    def __init__(self, limit: int, seconds: int) -> None:
        self.limit = limit
        self.seconds = seconds
        self._seen: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()
        self.forgotten = 0
        """requests that were forgotten before their time"""

    def is_new(self, call_id: str, tag: str, cseq: int, now: float) -> bool:
        """Whether a request was not seen, nor a later one of its dialog; it is from now on."""
        while self._seen:
            key, (_, ends) = next(iter(self._seen.items()))
            if ends >= now:
                break
            del self._seen[key]
        found = self._seen.get((call_id, tag))
        if found is not None and found[0] >= cseq:
            return False
        self._seen[call_id, tag] = (cseq, now + self.seconds)
        self._seen.move_to_end((call_id, tag))
        while len(self._seen) > max(self.limit, 1):
            self._seen.popitem(last=False)
            self.forgotten += 1
        return True

    def __len__(self) -> int:
        return len(self._seen)
