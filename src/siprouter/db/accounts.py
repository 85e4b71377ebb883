"""The accounts in table `subscriber`, for the command line."""

from __future__ import annotations

from dataclasses import dataclass

from siprouter.db.errors import DbDuplicateError
from siprouter.db.interface import Database
from siprouter.db.operations import Key
from siprouter.sip.digest import compute_ha1
from siprouter.util.errors import OperatorError

TABLE = "subscriber"
MAX_PASSWORD = 25
MAX_NAME = 64
SHOWN = ("username", "domain", "email_address", "rpid", "ha1", "ha1b", "password")
_FORBIDDEN = frozenset(' \t\r\n"<>:;@') | {"\0"}


@dataclass(frozen=True, slots=True)
class Account:
    """Whose account: `alice@example.org`."""

    user: str
    domain: str

    def __str__(self) -> str:
        return f"{self.user}@{self.domain}"

    def keys(self) -> list[Key]:
        """The columns that find it."""
        return [("username", self.user), ("domain", self.domain)]


def parse_account(text: str, default_domain: str = "") -> Account:
    """`user@domain`, or `user` where there is a default domain. Raises OperatorError."""
    user, _, domain = text.removeprefix("sip:").partition("@")
    domain = domain or default_domain
    for part in (user, domain):
        if not part or len(part) > MAX_NAME or not _FORBIDDEN.isdisjoint(part):
            raise OperatorError(f"'{text}' is no account", suggestion="user@domain")
    return Account(user, domain)


def credentials(account: Account, password: str, plain: bool) -> dict[str, str]:
    """The columns that hold a password: hashes for both forms of user name, and the password itself if `plain`.

    Raises OperatorError.
    """
    if not password or "\0" in password:
        raise OperatorError("the password is empty" if not password else "the password must not hold a NUL")
    if plain and len(password) > MAX_PASSWORD:
        message = f"the password has {len(password)} characters, column password takes {MAX_PASSWORD}"
        raise OperatorError(message, suggestion="--hash-only stores its hashes alone")
    realm = account.domain
    return {
        "password": password if plain else "",
        "ha1": compute_ha1(account.user, realm, password),
        "ha1b": compute_ha1(str(account), realm, password),
    }


async def add_account(database: Database, account: Account, password: str, email: str, plain: bool) -> None:
    """A new account. Raises OperatorError, DbError."""
    values = {"username": account.user, "domain": account.domain, "email_address": email}
    exists = OperatorError(f"{account} is there already", suggestion=f"siprouter user passwd {account}")
    if await database.count(TABLE, account.keys()):
        raise exists
    try:
        await database.insert(TABLE, {**values, **credentials(account, password, plain)})
    except DbDuplicateError:
        raise exists from None


async def change_password(database: Database, account: Account, password: str, plain: bool) -> None:
    """Another password. Raises OperatorError, DbError."""
    if not await database.update(TABLE, account.keys(), credentials(account, password, plain)):
        raise OperatorError(f"{account} is not there", suggestion=f"siprouter user add {account}")


async def remove_account(database: Database, account: Account) -> None:
    """Forget an account. Raises OperatorError, DbError."""
    if not await database.delete(TABLE, account.keys()):
        raise OperatorError(f"{account} is not there")


async def show_account(database: Database, account: Account) -> dict[str, str]:
    """All about an account but the secrets: of those, whether they are set. Raises OperatorError, DbError."""
    rows = await database.query(TABLE, account.keys(), SHOWN, limit=1)
    if not rows:
        raise OperatorError(f"{account} is not there")
    found = {name: str(value or "") for name, value in zip(SHOWN, rows[0], strict=True)}
    return {name: ("set" if value else "not set") if name in SHOWN[4:] else value for name, value in found.items()}


async def list_accounts(database: Database, domain: str = "") -> list[str]:
    """All accounts, or those of a domain, in order. Raises DbError."""
    keys: list[Key] = [("domain", domain)] if domain else []
    rows = await database.query(TABLE, keys, ["username", "domain"], "domain, username")
    return [f"{user}@{host}" for user, host in rows]
