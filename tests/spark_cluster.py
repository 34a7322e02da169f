"""A real standalone cluster of Spark on the loopback address: one master, some workers, from PySpark's own folder."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 60
HERE = "127.0.0.1"


@dataclass
class Cluster:
    """A running cluster: the master's URL, and its workers' processes, each with executors of its own group."""

    url: str
    workers: list[subprocess.Popen[bytes]]

    def kill_worker(self, number: int) -> None:
        """A machine that burns down: the worker and its executors, at once."""
        _kill(self.workers[number])


@contextlib.contextmanager
def running(folder: Path, *, workers: int, cores: int = 1) -> Iterator[Cluster]:
    """A cluster whose logs and work lie in `folder`, until the block ends."""
    port = _free_port()
    folder.mkdir(parents=True, exist_ok=True)
    processes = [_start(folder / "master.log", "master.Master", "--host", HERE, "--port", str(port))]
    try:
        _wait_for(port, processes[0])
        url = f"spark://{HERE}:{port}"
        for number in range(workers):
            options = ["--host", HERE, "--cores", str(cores), "--memory", "2g", "--work-dir", str(folder / "work"), url]
            processes.append(_start(folder / f"worker{number}.log", "worker.Worker", *options))
        yield Cluster(url, processes[1:])
    finally:
        for process in reversed(processes):
            _kill(process)


def _start(log: Path, name: str, *options: str) -> subprocess.Popen[bytes]:
    import pyspark  # installed where these tests run

    home = Path(pyspark.__file__).parent
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": HERE,
        "PYSPARK_PYTHON": sys.executable,
        # What is compiled for speed is not worth it for a minute: it takes half of the time.
        "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1",
        "SPARK_LOG_DIR": str(log.parent),
    }
    command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{name}", "--webui-port", "0", *options]
    with log.open("wb") as stream:
        return subprocess.Popen(
            command, env=environment, stdout=stream, stderr=stream, cwd=log.parent, start_new_session=True
        )


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # a group that we began, by its id
    process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((HERE, 0))
        return int(free.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection((HERE, port), 1):
            return
        time.sleep(0.2)
    raise TimeoutError("the master of Spark does not start")
