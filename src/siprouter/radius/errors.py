"""What can go wrong with a request to a RADIUS server."""

from siprouter.util.errors import SipRouterError


class RadiusError(SipRouterError):
    """Root of the errors that requests raise. Texts are one line, and hold no secrets."""


class RadiusUnavailableError(RadiusError):
    """No server has answered, or too many requests are on their way: the same request may succeed later."""


class RadiusRequestError(RadiusError):
    """The request cannot be written: a value does not fit into its attribute, or all of them not into a packet."""
