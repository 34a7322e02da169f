"""`mulegraph serve`: cases as pages that ask the workspace. Needs Starlette and uvicorn, which only this imports."""

from __future__ import annotations

import contextlib
import ipaddress
import secrets
import socket
from typing import Annotated

import typer

from mulegraph.cli.options import HERE, PageLanguage, Reveal, WorkspaceFolder, opened, steps_bar
from mulegraph.errors import EngineError, UsageError
from mulegraph.schema.language import check_language

commands = typer.Typer()
PACKAGES = ("starlette", "uvicorn", "anyio", "h11")


@commands.command("serve")
def serve_command(
    workspace: WorkspaceFolder = HERE,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port of this machine (0: any that is free).")] = 0,
    host: Annotated[str, typer.Option(help="Address to answer at: this machine's own only.")] = "127.0.0.1",
    reveal: Reveal = None,
    language: PageLanguage = None,
) -> None:
    """Open cases in a browser, on this machine only: expand, trace, note and decide; Ctrl C ends it.

    The address that is printed works once, for one browser. What is looked at and done is in the journal.
    """
    if not _is_own(host):
        hint = "Leave --host out. To work from elsewhere, go through ssh -L."
        raise UsageError("--host is '{host}', which other machines reach", hint=hint, host=host)
    try:
        import uvicorn

        from mulegraph.serve.app import application
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in PACKAGES:
            raise
        raise UsageError(
            "this needs {package}, which is not installed",
            hint="Run: pip install 'mulegraph[serve]'",
            package=error.name,
        ) from error
    space = opened(workspace, reveal)
    check_language(space.language(language))
    with steps_bar() as step:
        step("reading the latest run")
        space.cases(top=1, every=True)
    bound = _bound(port)
    number = int(bound.getsockname()[1])
    token = secrets.token_urlsafe(32)
    space.record_served(number, revealed=space.is_revealed)
    typer.echo(f"Open http://127.0.0.1:{number}/?token={token}")
    typer.echo("It works once, in one browser. Ctrl C ends it.")
    config = uvicorn.Config(
        application(space, port=number, token=token, language=language),
        access_log=False,
        log_level="warning",
        server_header=False,
    )
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[bound])


def _is_own(host: str) -> bool:
    """Whether a host is this machine by its loopback address of IPv4, which is the one that is answered at."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host) == ipaddress.IPv4Address("127.0.0.1")
    return host == "localhost"


def _bound(port: int) -> socket.socket:
    """A socket that only this machine reaches. Raises EngineError where the port is taken."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.bind(("127.0.0.1", port))
        # From here on who asks waits for the server, which is told its address first; without it he is refused.
        made.listen()
    except OSError as error:
        made.close()
        raise EngineError(
            "port {port} cannot be opened ({why})", hint="Name another --port, or none.", port=port, why=error.strerror
        ) from error
    return made
