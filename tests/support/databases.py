"""Database servers for tests: Debian's PostgreSQL and MariaDB on a free port of 127.0.0.1, with data of their own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.ports import Ports
from tests.support.process import Process, polls

PASSWORD = "s3cret/with:odd%chars"
START_SECONDS = 60.0


def postgres_folder() -> Path:
    """Where Debian keeps the programs of the newest PostgreSQL."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL not found: apt-get install postgresql")
    return found[-1].parent


class DatabaseServer(Process):
    """A server that `restart` stops and starts again, `crash` kills."""

    scheme = ""
    user = ""

    def __init__(self, command: list[str], folder: Path, name: str, port: int) -> None:
        super().__init__(command, folder, name)
        self.port = port

    def ready(self) -> None:
        for _ in polls(START_SECONDS):
            if not self.alive():
                raise AssertionError(f"{self.name} ended:\n{self.tail()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                continue
        raise AssertionError(f"{self.name} does not listen:\n{self.tail()}")

    def url(self, database: str) -> str:
        return f"{self.scheme}://{self.user}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def crash(self) -> None:
        """Kill it, as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def restart(self) -> None:
        """Start it again; what is left of the old one may keep its files for a moment."""
        for _ in polls(START_SECONDS, 0.2):
            self.start()
            try:
                self.ready()
                return
            except AssertionError:
                if self.alive():
                    raise
        raise AssertionError(f"{self.name} does not start again:\n{self.tail()}")


class Postgres(DatabaseServer):
    scheme = "postgres"
    user = "kamailio"

    def ready(self) -> None:
        """It listens before it lets anybody in."""
        super().ready()
        ask = [str(postgres_folder() / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        for _ in polls(START_SECONDS):
            if subprocess.run(ask, timeout=START_SECONDS, check=False).returncode == 0:
                return
        raise AssertionError(f"{self.name} does not let anybody in:\n{self.tail()}")


class MariaDb(DatabaseServer):
    scheme = "mysql"
    user = "kamailio"


def _as(user: str) -> list[str]:
    """Neither server runs as root. setpriv leaves no process between us and the server."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"]


@contextmanager
def _folder(owner: str) -> Iterator[Path]:
    # not below pytest's own folder, which only its user may enter
    with tempfile.TemporaryDirectory(prefix="siprouter-db-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, owner)
        yield folder


@contextmanager
def postgres(ports: Ports) -> Iterator[Postgres]:
    programs = postgres_folder()
    with _folder("postgres") as folder:
        data, secret = folder / "data", folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        make = [str(programs / "initdb"), "-D", str(data), "-U", Postgres.user, "-A", "scram-sha-256", "-E", "UTF8"]
        run([*_as("postgres"), *make, f"--pwfile={secret}", "--no-sync", "--locale=C"], folder)
        port = ports.take()
        options = ["-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-c", "fsync=off"]
        command = [*_as("postgres"), str(programs / "postgres"), "-D", str(data), *options]
        with Postgres(command, folder, "postgres", port) as server:
            yield server


@contextmanager
def mariadb(ports: Ports) -> Iterator[MariaDb]:
    if shutil.which("mariadbd") is None or shutil.which("mariadb-install-db") is None:
        pytest.skip("MariaDB not found: apt-get install mariadb-server")
    user = "mysql" if os.geteuid() == 0 else os.environ.get("USER", "nobody")
    with _folder(user) as folder:
        data, port, first = folder / "data", ports.take(), folder / "first.sql"
        first.write_text(
            f"CREATE OR REPLACE USER 'kamailio'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n"
            "GRANT ALL ON *.* TO 'kamailio'@'127.0.0.1' WITH GRANT OPTION;\n"
        )
        make = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db"]
        # a server that starts deletes what others have in a folder for temporary files that they share
        make += ["--auth-root-authentication-method=normal", f"--tmpdir={folder}"]
        run([*_as(user), *make], folder)
        options = [
            f"--datadir={data}",
            f"--tmpdir={folder}",
            f"--port={port}",
            "--bind-address=127.0.0.1",
            f"--socket={folder}/my.sock",
        ]
        options += ["--skip-log-bin", "--innodb-flush-log-at-trx-commit=2", f"--init-file={first}"]
        with MariaDb([*_as(user), "mariadbd", "--no-defaults", *options], folder, "mariadbd", port) as server:
            yield server


def run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, check=False)
    if done.returncode:
        raise AssertionError(f"{command[:6]} failed:\n{done.stdout}\n{done.stderr}")
