"""The one error of this layer: the peer sent something that is no SIP message, or a header field that is broken."""

from siprouter.util.errors import PeerError


class MessageError(PeerError):
    """What is wrong, as the SIP status and reason phrase to answer with.

    `message` is the message as far as it could be read where a reply can be built from it (a request whose top Via is
    sound), else None: then nothing can be answered and the message is dropped.
    """

    def __init__(self, status: int, reason: str, message: object = None) -> None:
        super().__init__(status, reason)
        self.message = message
