"""The certificate that servers and callee show: made once, good for 127.0.0.1, believed by nobody else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "build" / "benchmarks" / "tls.pem"


def available() -> bool:
    """Whether one can be made."""
    return shutil.which("openssl") is not None


def certificate() -> str:
    """A file with key and certificate. Raises RuntimeError where it cannot be made."""
    if not FILE.exists():
        FILE.parent.mkdir(parents=True, exist_ok=True)
        key, part = FILE.with_suffix(".key"), FILE.with_suffix(".crt")
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "3650",
            "-subj",
            "/CN=127.0.0.1",
        ]
        command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(part)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"openssl cannot make a certificate: {done.stderr.strip()}")
        FILE.write_text(key.read_text() + part.read_text())
    return str(FILE)
