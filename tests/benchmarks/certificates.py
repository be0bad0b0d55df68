"""A throw-away certificate for 127.0.0.1, for an S3 server that is reached over TLS as Amazon's is."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.benchmarks.processes import HOST, ProgramFailed

if TYPE_CHECKING:
    from pathlib import Path

# nginx compares the certificate with names alone, Python with the address.
NAME = "localhost"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that vouches for itself: whoever is to believe it is given it as its authority."""

    certificate: Path
    key: Path

    def trust(self) -> ssl.SSLContext:
        """What a client needs to believe it."""
        return ssl.create_default_context(cafile=self.certificate)


def make_certificate(folder: Path) -> Certificate:
    """Make one, good for two days."""
    program = shutil.which("openssl")
    if program is None:
        raise ProgramFailed("openssl is missing (Debian, Ubuntu: `apt-get install openssl`).")
    made = Certificate(folder / "s3.crt", folder / "s3.key")
    command = [
        program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},IP:{HOST}",
        "-keyout", str(made.key), "-out", str(made.certificate),
    ]  # fmt: skip
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise ProgramFailed(f"openssl made no certificate: {ended.stderr.strip()[-500:]}")
    return made
