"""Database URLs in the forms of SIP Router 3.1."""

from __future__ import annotations

from dataclasses import dataclass

from siprouter.util.errors import OperatorError

EXAMPLE = "mysql://user:password@localhost/siprouter"

SCHEMES = {
    "sqlite": "sqlite",
    "sqlite3": "sqlite",
    "mysql": "mysql",
    "mariadb": "mysql",
    "postgres": "postgres",
    "postgresql": "postgres",
    "text": "text",
    "dbtext": "text",
    "flatstore": "flatstore",
}
"""scheme of a URL -> driver"""

MODULES = {
    "sqlite": "db_sqlite",
    "mysql": "db_mysql",
    "postgres": "db_postgres",
    "text": "db_text",
    "flatstore": "db_flatstore",
}
"""driver -> the module that has its parameters"""

PORTS = {"mysql": 3306, "postgres": 5432}
FILES = ("sqlite", "text", "flatstore")


@dataclass(frozen=True, slots=True)
class DbUrl:
    """Where a database is. `database` is its name, or for drivers that work on files the path; `port` 0: the usual."""

    driver: str
    user: str
    password: str
    host: str
    port: int
    database: str

    @property
    def safe(self) -> str:
        """For logs and messages: without the password."""
        if self.driver in FILES:
            return f"{self.driver}://{self.database}"
        user = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port else ""
        return f"{self.driver}://{user}{host}{port}/{self.database}"


def parse_url(text: str) -> DbUrl:
    """`driver://[user[:password]@]host[:port]/database`, `text:///directory`, `sqlite:///file`, `flatstore:/directory`.

    As in 3.1 nothing is decoded: a password may hold any character but "@", and "/" where an "@" follows; here the
    last "@" counts, so a password may hold that, too. Raises OperatorError.
    """
    scheme, colon, rest = text.partition(":")
    if not colon or not scheme:
        raise _bad(text, "has no driver")
    driver = SCHEMES.get(scheme.lower())
    if driver is None:
        known = ", ".join(sorted(MODULES))
        raise OperatorError(f"no database driver is called '{scheme}'", suggestion=f"there are {known}: {EXAMPLE}")
    if driver in FILES:
        path = rest[2:] if rest.startswith("//") else rest
        if not path:
            raise OperatorError(f"database URL {scheme}: names no file", suggestion=f"{scheme}:///var/lib/siprouter/db")
        return DbUrl(driver, "", "", "", 0, path)
    if not rest.startswith("//"):
        raise _bad(text, "has no // behind the driver")
    return _parse_server(driver, text, rest[2:])


def _parse_server(driver: str, text: str, rest: str) -> DbUrl:
    account, at, place = rest.rpartition("@")
    user, _, password = account.partition(":") if at else ("", "", "")
    address, slash, database = place.partition("/")
    if not slash or not database:
        raise _bad(text, "names no database")
    host, port_text = _split_port(address)
    if not host:
        raise _bad(text, "names no host")
    port = 0
    if port_text:
        if not (port_text.isascii() and port_text.isdigit() and 0 < int(port_text[:6]) < 65536):
            raise _bad(text, f"has the port '{port_text}'")
        port = int(port_text)
    return DbUrl(driver, user, password, host, port, database)


def _split_port(address: str) -> tuple[str, str]:
    if address.startswith("["):
        host, _, rest = address[1:].partition("]")
        return host, rest.removeprefix(":")
    host, _, port = address.partition(":")
    return host, port


def _bad(text: str, why: str) -> OperatorError:
    scheme = text.partition(":")[0] if "://" in text else ""
    return OperatorError(f"database URL {scheme + '://… ' if scheme else ''}{why}", suggestion=EXAMPLE)
