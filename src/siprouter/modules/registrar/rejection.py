"""Why a REGISTER is refused: the status, and the text of P-Registrar-Error."""

from siprouter.util.errors import PeerError

REASONS = {
    200: "OK",
    400: "Bad Request",
    420: "Bad Extension",
    500: "Server Internal Error",
    503: "Service Unavailable",
}


class Rejected(PeerError):
    """A registration that fails as a whole (RFC 3261 section 10.3); `info` tells the operator of the phone why."""

    def __init__(self, status: int, info: str) -> None:
        super().__init__(status, REASONS[status])
        self.info = info

    @property
    def lists_contacts(self) -> bool:
        """Whether the answer lists the present contacts: not where the message as such is wrong."""
        return (self.status, self.info) not in SYNTAX


INVALID_CSEQ = (400, "Invalid CSeq number")
AOR_TOO_LONG = (500, "Address Of Record too long")
AOR_PARSE = (400, "Error while parsing AOR")
INVALID_Q = (400, "Invalid q param in contact")
PARSE = (400, "Message parse error")
PARSE_EXPIRES = (400, "Expires parse error")
PARSE_CONTACT = (400, "Contact parse error")
STAR_EXPIRES = (400, "* used in contact and expires is not zero")
STAR_CONTACTS = (400, "* used in contact and more than 1 contact")
UNESCAPE = (400, "Error while unescaping username")
TOO_MANY = (503, "Too many registered contacts")
CONTACT_LENGTH = (400, "Contact/received too long")
CALL_ID_LENGTH = (400, "Callid too long")
PARSE_PATH = (400, "Path parse error")
PATH_UNSUPPORTED = (420, "No support for found Path indicated")

SYNTAX = frozenset((PARSE_EXPIRES, PARSE_CONTACT, STAR_EXPIRES, STAR_CONTACTS, CONTACT_LENGTH))
