"""The command's entry: every error becomes two lines on stderr and an exit code, and none a traceback."""

from __future__ import annotations

import gc
import os
import sys
import traceback

from mulegraph.errors import EXIT_DONE, EXIT_ENGINE, MulegraphError

DEBUG = "--debug"
INTERRUPTED = 130
OBJECTS_BETWEEN_LOOKS = 50_000
"""How many new objects before Python looks for unused ones. Its own 700 cost a listing 6 % of its time: what a start
makes stays until the end."""


def main() -> None:
    """Run the command line, and end the process with its exit code."""
    gc.set_threshold(OBJECTS_BETWEEN_LOOKS)
    code = run()
    sys.stderr.flush()
    # Engines that still hold objects print notes of their own when the interpreter takes them down.
    os._exit(code)


def run() -> int:
    """Run the command line in `sys.argv`, and give its exit code; `--debug` anywhere on it shows tracebacks."""
    debug = DEBUG in sys.argv
    sys.argv = [each for each in sys.argv if each != DEBUG]
    try:
        # Imported here, so that an installation that lacks something also gets two lines and not a traceback.
        from mulegraph.cli.app import entry

        entry()(prog_name="mulegraph")
        sys.stdout.flush()
    except SystemExit as stop:
        return _flushed(stop.code if isinstance(stop.code, int) else EXIT_DONE)
    except BrokenPipeError:
        # The reader of our output has left, such as `head`; that is no error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_DONE
    except KeyboardInterrupt:
        return _fail("interrupted; no partial changes", "", INTERRUPTED)
    except MulegraphError as error:
        if debug:
            _print(_trace(error))
        return _fail_with(error)
    except MemoryError:
        return _fail("out of memory", "Close other programs, or scan a smaller ledger.", EXIT_ENGINE)
    except Exception as error:  # the last resort: a fault of ours still must not look like a crash
        if debug:
            _print(_trace(error))
        # What an engine says may quote a row, so it is left out where rows may not be seen.
        what = f"{type(error).__name__}: {error}".splitlines()[0] if _is_revealed() else type(error).__name__
        return _fail(
            f"this should not happen: {what}", f"Run again with {DEBUG}, and report what it prints.", EXIT_ENGINE
        )
    return EXIT_DONE


def _flushed(code: int) -> int:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _fail(problem: str, hint: str, code: int) -> int:
    _print(f"mulegraph: {problem}")
    if hint:
        _print(hint)
    return _flushed(code)


def _print(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201


def _fail_with(error: MulegraphError) -> int:
    """An error with the values in it as they may be shown."""
    from mulegraph.cli.options import shown_error

    try:
        shown = shown_error(error)
    except MulegraphError as other:  # the key of tokens cannot be read: nothing can be shown
        shown = other
    return _fail(shown.problem, shown.hint, shown.exit_code)


def _trace(error: BaseException) -> str:
    """Where it arose, and what was said of it only where everything may be seen."""
    if _is_revealed():
        return "".join(traceback.format_exception(error))
    where = traceback.format_tb(error.__traceback__)
    return "".join(["Traceback (most recent call last):\n", *where, type(error).__name__])


def _is_revealed() -> bool:
    """Whether rows may be seen; not where the command line itself cannot be loaded."""
    options = sys.modules.get("mulegraph.cli.options")
    return options is not None and bool(options.is_revealed())


if __name__ == "__main__":
    main()
