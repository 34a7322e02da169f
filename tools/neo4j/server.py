"""A real Neo4j Community server to try things out on and to test with: jars from Maven, no root, no Docker.

    python tools/neo4j/server.py [--port 7687] [--home FOLDER] [--version 5.26.30] [--resolve]

resolves the jars once into the user's cache, makes a home with a first password, runs the server in the foreground
and prints its address. It listens on 127.0.0.1 only. Needs java (17 for 5.26, 25 for 2026.08) and mvn.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

VERSION = "5.26.30"
"""LTS, Java 17. The second version is 2026.08.1, Java 25."""

POM = Path(__file__).with_name("pom.xml")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mulegraph" / "neo4j"
ENTRY_POINTS = "META-INF/services/org.neo4j.server.startup.EntryPoint"
OPENS = [
    f"--add-opens=java.base/{each}=ALL-UNNAMED" for each in "java.nio java.io sun.nio.ch java.util.concurrent".split()
]
USER = "neo4j"
START_SECONDS = 120
STOP_SECONDS = 60
CONF = """\
server.bolt.listen_address=127.0.0.1:{port}
server.http.enabled=false
server.https.enabled=false
dbms.usage_report.enabled=false
server.memory.heap.initial_size={heap}
server.memory.heap.max_size={heap}
server.memory.pagecache.size={page_cache}
db.tx_log.rotation.retention_policy=keep_none
"""


def missing_tools() -> list[str]:
    """Which of the two commands that the launcher needs are not there."""
    return [name for name in ("java", "mvn") if shutil.which(name) is None]


def jars(version: str = VERSION) -> Path:
    """The folder of the server's jars; Maven resolves them the first time (about 125 MB)."""
    folder = CACHE / version / "lib"
    if folder.is_dir():
        return folder
    new = folder.with_name(f"lib.{os.getpid()}.new")
    new.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [
            "mvn",
            "-q",
            "-B",
            "-f",
            POM,
            f"-Dneo4j.version={version}",
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
            f"-DoutputDirectory={new}",
        ],
        check=True,
        stdout=sys.stderr,
    )
    try:
        new.rename(folder)  # a half-filled folder never has this name
    except OSError:  # another process was first
        shutil.rmtree(new)
    return folder


def entry_point(lib: Path, version: str = VERSION) -> str:
    """The main class, which the `neo4j` jar names."""
    with zipfile.ZipFile(lib / f"neo4j-{version}.jar") as jar:
        lines = jar.read(ENTRY_POINTS).decode().splitlines()
    return next(line for line in lines if line and not line.startswith("#"))


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """A server with a home of its own; `start` waits until it answers."""

    home: Path
    port: int
    password: str = field(default_factory=lambda: secrets.token_hex(12))
    version: str = VERSION
    heap: str = "1g"
    page_cache: str = "512m"
    more_conf: dict[str, str] = field(default_factory=dict)
    java: tuple[str, ...] = ()
    """More options of the virtual machine."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """Where it listens."""
        return f"bolt://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Write the configuration, and set the first password of a new home."""
        conf = self.home / "conf"
        conf.mkdir(parents=True, exist_ok=True)
        lines = CONF.format(port=self.port, heap=self.heap, page_cache=self.page_cache)
        lines += "".join(f"{name}={value}\n" for name, value in self.more_conf.items())
        (conf / "neo4j.conf").write_text(lines, encoding="utf-8")
        if not (self.home / "data").exists():
            self.admin("dbms", "set-initial-password", self.password)

    def admin(self, *arguments: str) -> str:
        """Run neo4j-admin, and give what it prints; raises RuntimeError with that when it fails."""
        command = [*self._java(jars(self.version)), "org.neo4j.cli.AdminTool", *arguments]
        environment = self._environment
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=self.home)
        if done.returncode:
            raise RuntimeError(f"neo4j-admin {' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def start(self) -> None:
        """Start, and wait until it takes connections. Raises RuntimeError with its last lines when it does not."""
        lib = jars(self.version)
        log = (self.home / "console.log").open("ab")
        memory = [f"-Xms{self.heap}", f"-Xmx{self.heap}"]
        folders = [f"--home-dir={self.home}", f"--config-dir={self.home}/conf"]
        with log:
            self.process = subprocess.Popen(
                [*self._java(lib), *memory, entry_point(lib, self.version), *folders],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
            )
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise RuntimeError("\n".join(["Neo4j did not start:", *self._last_lines()]))
            time.sleep(0.2)

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
            self.process = None

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _java(self, lib: Path) -> list[str]:
        """The virtual machine with its options and the server's jars."""
        return ["java", *OPENS, *self.java, "-Dlog4j2.disable.jmx=true", "-cp", f"{lib}/*"]

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, "NEO4J_HOME": str(self.home), "NEO4J_CONF": str(self.home / "conf")}

    def _answers(self) -> bool:
        """Whether it shakes hands in Bolt, which it does only when its databases are up."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                probe.settimeout(2)
                probe.sendall(b"\x60\x60\xb0\x17" + b"\x00\x00\x04\x05" + b"\x00" * 12)
                return len(probe.recv(4)) == 4
        except OSError:
            return False

    def _last_lines(self) -> list[str]:
        return (self.home / "console.log").read_text(errors="replace").splitlines()[-20:]


def main() -> None:
    """Run a server in the foreground until it is interrupted."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--port", type=int, default=7687)
    options.add_argument("--home", type=Path, help="data and configuration; kept (default: beside the jars)")
    options.add_argument("--version", default=VERSION)
    options.add_argument("--heap", default="1g")
    options.add_argument("--page-cache", default="512m")
    options.add_argument("--resolve", action="store_true", help="only have the jars at hand")
    chosen = options.parse_args()
    absent = missing_tools()
    if absent:
        sys.exit(f"{' and '.join(absent)} not found; on Debian: apt-get install openjdk-17-jre-headless maven")
    if chosen.resolve:
        jars(chosen.version)
        return
    home = (chosen.home or CACHE / chosen.version / "home").resolve()
    kept = home / "password"
    home.mkdir(parents=True, exist_ok=True)
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_hex(12), encoding="utf-8")
    server = Server(home, chosen.port, kept.read_text(encoding="utf-8"), chosen.version, chosen.heap, chosen.page_cache)
    server.prepare()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.start()
        print(f"Neo4j {chosen.version} at {server.uri}, user {USER}, password in {kept}")
        print(f"export NEO4J_USERNAME={USER} NEO4J_PASSWORD=$(cat {kept})")
        print(f"mulegraph load FOLDER --graph {server.uri}", flush=True)
        assert server.process is not None  # noqa: S101
        server.process.wait()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()


if __name__ == "__main__":
    main()
