"""Credentials as RADIUS attributes: draft-sterman-aaa-sip-00, or RFC 5090, as the dictionary has it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from siprouter.modules.auth.check import Check
from siprouter.radius.questions import Item, Questions
from siprouter.sip.escape import unescape_uri
from siprouter.sip.names import M_REGISTER

if TYPE_CHECKING:
    from siprouter.core.context import Context

SIP_PORT = 5060


class DigestAttributes:
    """The attributes that a check of credentials sends. Raises OperatorError."""

    def __init__(self, questions: Questions) -> None:
        find = questions.find
        self.user_name = find("User-Name")
        self.username = find("Digest-User-Name", "Digest-Username")
        self.realm = find("Digest-Realm")
        self.nonce = find("Digest-Nonce")
        self.uri = find("Digest-URI")
        self.method = find("Digest-Method")
        self.algorithm = find("Digest-Algorithm")
        self.qop = find("Digest-QOP")
        self.nonce_count = find("Digest-Nonce-Count")
        self.cnonce = find("Digest-CNonce")
        self.body = find("Digest-Body-Digest", "Digest-Entity-Body-Hash")
        self.response = find("Digest-Response")
        self.cisco = questions.client.dictionary.known("Cisco-AVPair")

    def items(self, ctx: Context, check: Check, uri: str, append_realm: bool) -> list[Item]:
        """The credentials of a check; `uri` is the one that was hashed."""
        get = check.credentials.get
        user, qop = get("username"), get("qop").lower()
        name = user if "@" in user or not append_realm else f"{user}@{check.credentials.realm}"
        found: list[Item] = [
            (self.user_name, name),
            (self.username, user),
            (self.realm, check.credentials.realm),
            (self.nonce, get("nonce")),
            (self.uri, uri),
            (self.method, ctx.msg.method),
        ]
        if get("algorithm"):
            found.append((self.algorithm, get("algorithm")))
        if qop:
            found += [(self.qop, qop), (self.nonce_count, get("nc"))]
        if get("cnonce"):
            found.append((self.cnonce, get("cnonce")))
        if qop == "auth-int":
            found.append((self.body, hashlib.md5(ctx.msg.body, usedforsecurity=False).hexdigest()))
        found.append((self.response, get("response")))
        if self.cisco is not None:
            found.append((self.cisco, f"call-id={ctx.msg.call_id}"))
        return found


def default_realm(ctx: Context) -> str:
    """The domain that a request speaks for."""
    return str((ctx.msg.to if ctx.msg.method_id == M_REGISTER else ctx.msg.from_).parsed_uri.host)


def user_of(ctx: Context) -> str:
    """The user that a request speaks for, without escapes. Raises MessageError."""
    address = ctx.msg.to if ctx.msg.method_id == M_REGISTER else ctx.msg.from_
    return unescape_uri(address.parsed_uri.user)

