"""Where a Neo4j server is and who asks: address, user, password and database, checked before anything is sent."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from mulegraph.errors import UsageError

SCHEMES = tuple(name + tls for name in ("neo4j", "bolt") for tls in ("", "+s", "+ssc"))
LOOPBACK = re.compile(r"localhost|127(\.\d+){3}|::1", re.IGNORECASE)
USERNAME, PASSWORD = "NEO4J_USERNAME", "NEO4J_PASSWORD"
DATABASE = "neo4j"


@dataclass(frozen=True)
class Address:
    """A server as a user names it; the password is never shown, and never stands in the URL."""

    url: str
    user: str
    password: str = field(repr=False)
    database: str = DATABASE

    @classmethod
    def read(
        cls,
        url: str,
        *,
        password_file: Path | None = None,
        database: str = DATABASE,
        insecure: bool = False,
        environment: Mapping[str, str] = os.environ,
    ) -> Address:
        """The address, with user and password from the environment or a file.

        The file holds the password, or user and password in two lines. Raises UsageError for a URL that is none, one
        that would send the password in the clear over a network unless `insecure`, and where a password is missing.
        """
        parts = urlsplit(url)
        _check(url, insecure=insecure)
        user, password = environment.get(USERNAME, "neo4j"), environment.get(PASSWORD, "")
        if password_file is not None:
            user, password = _from_file(password_file, user)
        if not password:
            raise UsageError(
                f"no password for {parts.scheme}://{parts.netloc}",
                hint=f"Set {PASSWORD} (and {USERNAME}) in the environment, or give --graph-password-file FILE.",
            )
        return cls(url, user, password, database)


def _check(url: str, *, insecure: bool) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in SCHEMES or not host:
        shown = url.rpartition("@")[2]  # what stands before it may be a password
        raise UsageError(
            f"--graph is '{shown}'",
            hint="Expected embedded, or an address such as neo4j+s://host, bolt://localhost:7687.",
        )
    if parts.username or parts.password:
        raise UsageError(
            "--graph carries a user or a password",
            hint=f"Leave them out of the address: set {USERNAME} and {PASSWORD}, or give --graph-password-file FILE.",
        )
    if "+" not in parts.scheme and not LOOPBACK.fullmatch(host) and not insecure:
        raise UsageError(
            f"{parts.scheme}://{host} would send the password and the bank's data unencrypted",
            hint=f"Use {parts.scheme}+s://{host} (or +ssc for a self-signed certificate), or give --insecure.",
        )


def _from_file(path: Path, user: str) -> tuple[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(f"{path}: the password cannot be read ({why})", hint="Name a file that holds it.") from error
    filled = [line for line in lines if line]
    if len(filled) not in (1, 2):
        raise UsageError(f"{path}: holds {len(filled)} lines", hint="Expected the password, or user and password.")
    return (filled[0], filled[1]) if len(filled) == 2 else (user, filled[0])
