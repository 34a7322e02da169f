"""What a server answers with: pages of cases, pictures that lead on from each other, and acts, all through the door."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from mulegraph.errors import UsageError
from mulegraph.journal.journal import Entry
from mulegraph.journal.proposals import PROPOSED
from mulegraph.journal.state import DISPOSITIONS
from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.schema.choices import ACCOUNT_DISPOSITIONS
from mulegraph.schema.language import later, tr, word
from mulegraph.serve.asked import Act, Draw
from mulegraph.views.case_report_content import case_report
from mulegraph.views.page import page
from mulegraph.views.pictures import NetworkView, drawn, expanded, path_picture, trace_picture
from mulegraph.views.run_report import run_document
from mulegraph.views.tables import case_money, shown

KEPT_DRAWINGS = 50
"""Pictures that can be gone back to; an older one is asked for again from its case."""
KINDS_OF_LINKS = {"cases": "/", "run": "/run"}


class Desk:
    """One person's pages over one workspace. It is asked by one thread at a time."""

    def __init__(self, space: MaskedWorkspace) -> None:
        self._space = space
        self._drawings: OrderedDict[str, tuple[str, NetworkView]] = OrderedDict()
        self._last = 0
        self._seen = self._written()

    def warm(self) -> None:
        """Draw the first case for nobody, which loads what every picture needs; the journal says nothing of it."""
        first = self._space.cases(top=1, every=True)["case"]
        if len(first):
            drawn(self._space, str(first.iloc[0])).page()

    def cases(self) -> str:
        """The first page: all cases, the strongest first."""
        self._renew()
        self._space.record_look("cases")
        rows = [self._row(each) for each in self._space.cases(every=True).to_dict("records")]
        return page("serve/cases.html", served=True, rows=rows, revealed=self._space.is_revealed)

    def case(self, case: str) -> str:
        """A case's page, as it is exported, which asks this server."""
        self._renew()
        self._space.record_look("case", case=case)
        return self._page(f"/case/{case}", case, drawn(self._space, case))

    def report(self, case: str) -> str:
        """A case's report as a page."""
        self._renew()
        self._space.record_look("report", case=case)
        return case_report(self._space, case, links={"page": f"/case/{case}", **KINDS_OF_LINKS}).page

    def run(self) -> str:
        """The report of the latest run, whose cases lead to their pages."""
        self._renew()
        self._space.record_look("run")
        content = self._space.run_file()
        names = [each["case"] for each in content.cases]
        pages, reports = ({name: f"/case/{name}{end}" for name in names} for end in ("", "/report"))
        made = run_document(content, pages, reports, revealed=self._space.reveal is not None)
        return made.page

    def drawing(self, number: str) -> str:
        """A picture that was asked for. Raises UsageError for one that is gone."""
        address = f"/drawing/{number}"
        if address not in self._drawings:
            raise UsageError("this picture is not kept any more", hint="Ask for it again from its case.")
        case, view = self._drawings[address]
        return self._page(address, case, view)

    def draw(self, asked: Draw) -> str:
        """Draw what leads on from an open picture; returns the new one's address."""
        case, base = self._drawings.get(asked.drawing, ("", None))
        given = {"account": asked.account or None, "to": asked.to or None, "payment": asked.payment or None}
        if asked.what == "subject":
            kind = self._space.kind_of_subject(asked.account)
            if kind == "case":
                return f"/case/{asked.account}"
            given = {"account": asked.account} if kind == "account" else {}
        self._space.record_look(asked.what, case=case, **given)
        view = self._asked(asked, base)
        self._last += 1
        address = f"/drawing/{self._last}"
        self._keep(address, case, view)
        return address

    def act(self, case: str, asked: Act) -> str:
        """Do it with a case; returns what it says of it. What needs two people is proposed, and not done."""
        does: Mapping[str, Callable[[], Entry]] = {
            "note": lambda: self._space.note(case, asked.text),
            "dispose": lambda: self._space.dispose(case, asked.account, asked.choice, asked.text),
            "assign": lambda: self._space.assign(case, asked.text),
            "close": lambda: self._space.close(case, asked.choice, asked.text),
            "reopen": lambda: self._space.reopen(case, asked.text),
            "snooze": lambda: self._space.snooze(case, asked.until, asked.text),
            "hold": lambda: self._space.hold_account(case, asked.account, until=asked.until or None, reason=asked.text),
            "lift": lambda: self._space.lift_hold(case, asked.account, reason=asked.text),
            "keep": lambda: self._space.keep_page(case, asked.text),
        }
        if asked.what not in ("note", "keep", "hold") and not asked.text.strip():
            raise UsageError("this needs a text", hint="Give the reason, or the person's name.")
        entry = does[asked.what]()
        told = tr("{what}, journal entry {n}", what=word(entry.what), n=str(entry.number))
        if entry.what != PROPOSED:
            return told
        confirm = later(
            "Nothing is done until somebody else confirms it: mulegraph journal confirm {n}."
            " Who confirms it is shown your reason as you wrote it."
        )
        return f"{told}. {tr(confirm, n=str(entry.number))}"

    def _asked(self, asked: Draw, base: NetworkView | None) -> NetworkView:
        if asked.what == "subject":
            return drawn(self._space, asked.account)
        if asked.what == "path":
            return path_picture(self._space, asked.account, asked.to)
        if asked.what == "expand":
            if base is None:
                raise UsageError("this picture is not kept any more", hint="Load its case again.")
            return expanded(base, self._space, asked.account)
        since = datetime.fromtimestamp(asked.since / 1e6, UTC).replace(tzinfo=None) if asked.since else None
        back = asked.what == "back"
        if asked.payment:
            return trace_picture(self._space, self._space.trace([asked.payment], back=back))
        return trace_picture(self._space, self._space.trace(account=asked.account, since=since, back=back))

    def _page(self, address: str, case: str, view: NetworkView) -> str:
        """A picture with what leads on from it; the address by which scripts name it is kept."""
        self._keep(address, case, view)
        links = dict(KINDS_OF_LINKS)
        if case:
            links |= {"case": f"/case/{case}", "report": f"/case/{case}/report"}
        known = {name for _, data in view.graph.nodes(data=True) for name in data.get("cases") or ()}
        asks = {
            "drawing": address,
            "case": case,
            "own": address == f"/case/{case}",
            "traces": view.graph.graph.get("amount_name") == "traced",
            "other_cases": {name: f"/case/{name}" for name in sorted(known)},
            "decisions": ACCOUNT_DISPOSITIONS,
            "ends": DISPOSITIONS,
            "state": _told(self._space.case(case).state) if case else "",
        }
        return view.page(links, asks)

    def _keep(self, address: str, case: str, view: NetworkView) -> None:
        self._drawings[address] = (case, view)
        self._drawings.move_to_end(address)
        while len(self._drawings) > KEPT_DRAWINGS:
            self._drawings.popitem(last=False)

    def _row(self, row: Mapping[str, Any]) -> dict[str, str]:
        signs = sorted({each.partition("-")[0] for each in row["findings"]})
        return {
            "case": row["case"],
            "score": shown(row["score"]),
            "amount": case_money(row),
            "accounts": f"{len(row['accounts']):,}",
            "first": shown(row["first_at"])[:10],
            "last": shown(row["last_at"])[:10],
            "status": row["status"],
            "state": _told(row),
            "signs": " ".join(signs),
        }

    def _written(self) -> tuple[int, ...]:
        """When ledger and runs were written to last."""
        folders = [self._space.folder / name for name in ("ledger", "runs")]
        return tuple(each.stat().st_mtime_ns for each in folders if each.exists())

    def _renew(self) -> None:
        """Read anew what a load or a scan has written meanwhile."""
        if (now := self._written()) != self._seen:
            self._space.forget_ledger()
            self._seen = now


def _told(row: Mapping[str, Any]) -> str:
    """Where a case stands: open, whose it is, how it ended."""
    names = ("status", "disposition", "snoozed_until", "assignee")
    return " ".join(word(str(row[name])) for name in names if isinstance(row[name], str) and row[name])
