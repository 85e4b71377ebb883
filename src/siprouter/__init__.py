"""siprouter: runs SIP Router 3.1 (Kamailio, SER) configurations in Python."""

import os

if os.environ.get("SIPROUTER_PURE") == "1":
    from siprouter import _pure

    _pure.install()
