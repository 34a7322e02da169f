"""A folder in which files arrive: which of them are whole, and where they go when they are loaded or refused."""

from __future__ import annotations

import hashlib
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from mulegraph.errors import EngineError, UsageError
from mulegraph.files import write_atomically

TAKEN = "taken"
DONE = "done"
REFUSED = "refused"
PARTIAL = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp")
"""How programs that copy files call those that are not whole yet."""
SETTLE_SECONDS = 1.0
"""A file that was written to so shortly ago is left: whoever does not rename a file in may still be writing."""


class Inbox:
    """FOLDER, with `taken/` for files that are being loaded, `done/` and `refused/`. Raises UsageError for no folder.

    Files are to be renamed in. Those that begin with a dot or end as a copy in progress does are not looked at.
    Its methods raise EngineError for a folder that cannot be read or written; the files stay where they are.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise UsageError("{folder}: is not a folder", hint="Make it; files are renamed into it.", folder=folder)
        self.folder, self.taken = folder, folder / TAKEN

    def take(self) -> list[str]:
        """Names of the files in `taken/` by now: those that are whole, and those that a killed watch left there."""
        with self._disk():
            self.taken.mkdir(exist_ok=True)
            for path in self._whole():
                # One of this name may still be there from before the kill: then this one waits.
                if not (self.taken / path.name).exists():
                    # Whoever brought it may have taken it away again since it was seen.
                    with suppress(FileNotFoundError):
                        path.rename(self.taken / path.name)
            return sorted(path.name for path in self.taken.iterdir())

    def unreadable(self, names: list[str]) -> dict[str, str]:
        """Why taken files are refused that cannot even be opened, such as a link that leads nowhere."""
        why = {}
        for name in names:
            try:
                (self.taken / name).open("rb").close()
            except OSError as error:
                why[name] = f"{name}: cannot be read ({error.strerror}). Check the file's permissions."
        return why

    def content(self, name: str) -> str:
        """SHA-256 of a taken file; nothing for one that cannot be opened."""
        if self.unreadable([name]):
            return ""
        with self._disk(), (self.taken / name).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def done(self, name: str) -> None:
        """Put a loaded file aside."""
        with self._disk():
            (self.taken / name).rename(self._place(name, DONE))

    def refuse(self, name: str, why: str) -> Path:
        """Put a file aside that cannot be loaded, and the reason beside it."""
        with self._disk():
            place = self._place(name, REFUSED)
            # First the reason: on a full disk the file stays in `taken/`, and is not put aside without one.
            write_atomically(place.with_name(f"{place.name}.reason.txt"), why + "\n", sync=False)
            return (self.taken / name).rename(place)

    def _place(self, name: str, where: str) -> Path:
        folder = self.folder / where
        folder.mkdir(exist_ok=True)
        place, number = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{name}", 1
        while place.exists():
            number += 1
            place = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{number}-{name}"
        return place

    def _whole(self) -> list[Path]:
        files = (path for path in sorted(self.folder.iterdir()) if not path.name.startswith("."))
        named = [path for path in files if not path.name.lower().endswith(PARTIAL) and path.is_file()]
        return [path for path in named if _stands_still(path)]

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise EngineError(
                f"{error.filename or self.folder}: {error.strerror or error}",
                hint=f"Check that {self.folder} and what is in it may be read and written, and that its disk has room.",
            ) from error


def _stands_still(path: Path) -> bool:
    """Whether nobody has written to the file just now; one that is gone by now does not count."""
    try:
        age = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return False
    # A time that lies ahead is another machine's clock, and not a file that is written to.
    return not 0 <= age < SETTLE_SECONDS


def members(archive: Path) -> list[str]:
    """Names of the files in an archive that a load has unpacked, without their folders."""
    if not archive.name.lower().endswith(".zip"):
        return [archive.name[: -len(".gz")]]
    with zipfile.ZipFile(archive) as held:
        return [PurePosixPath(each.filename.replace("\\", "/")).name for each in held.infolist() if not each.is_dir()]
