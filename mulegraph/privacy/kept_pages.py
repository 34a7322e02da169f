"""Pages that are kept: named by ids inside, by what is shown outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mulegraph.casework import kept_page
from mulegraph.errors import UsageError
from mulegraph.journal.journal import Entry
from mulegraph.privacy.masked_case import MaskedCase
from mulegraph.privacy.through import Door, through
from mulegraph.privacy.tokens import HIDDEN
from mulegraph.workspace.workspace import Workspace


class KeptPages:
    """What a masked workspace does with pages."""

    _door: Door
    _plain: Workspace
    _keep_page = through(kept_page.keep_page)

    def keep_page(self, case: str, page: str) -> Entry:
        """Keep what somebody did on a case's page: the text that its *keep* saves. The journal has its hash and notes.

        Notes whose text is hidden stay as they were kept before: nobody loses what he may not see.
        """
        with self._door.errors():
            lost: list[str] = []
            made = kept_page.renamed(kept_page.read_page(page), self._page_names(case), lost=lost)
            if lost:
                raise UsageError(
                    "{count} names of the page are not in {case}, such as {name}",
                    hint="Keep a page of this workspace that was made with --reveal as you give it here, or without.",
                    count=len(lost),
                    case=case,
                    name=lost[0],
                )
            notes = self._with_hidden(case, made.notes)
        kept: Entry = self._keep_page(case, kept_page.written(made, notes))
        return kept

    def _with_hidden(self, case: str, notes: Mapping[str, str]) -> dict[str, str]:
        """Notes with the texts that were kept before for those that are hidden. Raises UsageError where none was."""
        hidden = [name for name, text in notes.items() if text == HIDDEN]
        before = kept_page.kept_page(self._plain, case) if hidden else None
        known = before.notes if before else {}
        if lost := [name for name in hidden if name not in known]:
            raise UsageError(
                "the text of {count} hidden note(s) is not kept any more",
                hint="Keep the page without them, or from one that was made with --reveal.",
                count=len(lost),
            )
        return {name: known[name] if text == HIDDEN else text for name, text in notes.items()}

    def kept_page(self, case: str) -> dict[str, Any] | None:
        """The page of a case as it was kept, as it may be shown; None where there is none. Masked, notes are hidden."""
        with self._door.errors():
            found = kept_page.kept_page(self._plain, case)
            if found is None:
                return None
            names = {real: shown for shown, real in self._page_names(case).items()}
            made = kept_page.renamed(found, names, lost=[])
            hidden = dict.fromkeys(made.notes, HIDDEN) if self._door.reveal is None else made.notes
            return kept_page.as_dict(made, hidden)

    def _page_names(self, case: str) -> dict[str, str]:
        """Ids of a case's nodes by what they are shown as."""
        plain = self._plain.case(case)
        return dict(zip(MaskedCase(self._door, plain).network(), plain.network(), strict=True))
