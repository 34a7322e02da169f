"""The report of a run: what changed, which cases, how sure at which threshold, and what the scan could not see."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from mulegraph.cases.score import BASE, expected_false
from mulegraph.casework.run_file import RunFile
from mulegraph.schema.language import later, retold, tr, word
from mulegraph.views.case_report import MASKED, REVEALED
from mulegraph.views.chart import DAY
from mulegraph.views.document import Block, Cell, Document, Picture, Section, Table, Text, cells, heads
from mulegraph.views.local_times import in_zone, local_text, zone
from mulegraph.views.run_plots import chains_plot, scores_plot
from mulegraph.views.run_trend import trend
from mulegraph.views.tables import case_money, score_text, shown
from mulegraph.workspace.run_difference import NEW, SAME

MAX_CASES = 50
MAX_CHANGES = 60
MAX_REJECTS = 40
THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99)
NATS = (2, 4, 6, 8, 10, 15, 20, 30)
SIGNS_TOLD = 4
STATE = ("status", "disposition", "snoozed_until", "assignee")
ORDER = ("new", "grown", "merged", "split", "quiet", "shrunk", "same")
"""Changes as the report counts them, what needs eyes first."""
Content = RunFile


def run_document(
    content: Content, pictures: Mapping[str, str], reports: Mapping[str, str], *, revealed: bool
) -> Document:
    """The report of a run; `pictures` and `reports` are files beside it, by case."""
    coarse = content.manifest["flow"]["tick_seconds"] >= DAY
    with in_zone(content.zone, coarse=coarse):
        return _document(content, pictures, reports, revealed)


def _document(content: Content, pictures: Mapping[str, str], reports: Mapping[str, str], revealed: bool) -> Document:
    """In the language that is spoken and the zone that is set."""
    manifest = content.manifest
    rows = manifest["ledger"]["rows"]
    earlier = (
        [] if content.latest else [tr("This is not the latest run. States of cases are as the journal has them now.")]
    )
    if model := manifest.get("model"):
        told = later("Scores are of model {model}, learned from what the bank decided before.")
        earlier.append(tr(told, model=model["hash"][:12]))
    if window := manifest.get("window"):
        told = later("Reported from {day} on. Left out, since they ended before: {findings} findings, {cases} cases.")
        older = {"findings": f"{window['older_findings']:,}", "cases": f"{window['older_cases']:,}"}
        earlier.append(tr(told, day=window["since"], **older))
    return Document(
        title=tr("Mule networks found"),
        facts={
            tr("run"): content.run,
            tr("scanned"): f"{local_text(manifest['started_at'])} {zone()}",
            tr("transfers"): f"{rows.get('transfers', 0):,}",
            tr("accounts"): f"{rows.get('accounts', 0):,}",
            tr("cases"): f"{len(content.cases):,}",
            tr("rejected rows"): f"{manifest['rejects']:,}",
        },
        notices=[*earlier, tr(REVEALED if revealed else MASKED)],
        sections=[
            Section("feeds", tr("What the feed did not bring"), _feeds(content)),
            Section("changes", tr("What changed"), [Text(_first_sentence(content)), *_changes(content, pictures)]),
            Section("cases", tr("Cases"), [_cases(content, pictures, reports)]),
            Section("scores", tr("Scores and expected false alarms"), _scores(content)),
            Section("signs", tr("Signs"), _signs(content)),
            Section("chains", tr("Most surprising chains"), [_chains(content)]),
            Section("rejects", tr("Rejected rows"), _rejects(content)),
            Section("timings", tr("Timings"), [_timings(content)]),
            Section("trend", tr("Trend over runs"), trend(content)),
            Section("proof", tr("What this rests on"), [_proof(content)]),
        ],
    )


def _feeds(content: Content) -> list[Block]:
    """Before any finding: whether the data that they rest on came whole."""
    if "feeds" not in content.manifest:
        return [Text(tr("This run did not look."))]
    columns = heads("what *", "kind", "usual #", "came #")
    rows = []
    for each in content.manifest["feeds"]:
        rows.append(cells(retold(each["text"]), word(each["kind"]), each["expected"], each["found"]))
    note = tr("The last day, against the same hours of the four weeks before. What did not come was not looked at.")
    return [Table(columns, rows, empty=tr("Tables, banks, columns and amounts came as they do."), note=note)]


FEED_NOTES = (
    later("bank {bank}: no payment on {day} until {time} UTC, where {expected} are usual"),
    later("{table}: no row on {day} until {time} UTC, where {expected} are usual"),
    later("{table}: {found} rows on {day} until {time} UTC, where {expected} are usual"),
    later("{column}: empty in every row of {day} until {time} UTC; {share} had one before"),
    later("amounts in {currency}: spread otherwise on {day} until {time} UTC (stability index {index})"),
)
"""What a scan says of its last day, and keeps in English: other languages know it by these."""


def _first_sentence(content: Content) -> str:
    """How many cases are new, how much money entered their chains, and which of them to look at first."""
    new = {each["case"] for each in content.changes if each["change"] == NEW}
    fresh = [each for each in content.cases if content.before is None or each["case"] in new]
    if not fresh:
        return tr("No case is new.")
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for each in fresh:
        for currency, amount in dict(each["amounts"]).items():
            sums[currency] += amount
    money = tr(" and ").join(f"{shown(amount)} {currency}" for currency, amount in sorted(sums.items()))
    first = case_money(fresh[0])
    told = tr("{n:case is|cases are} new.", n=len(fresh))
    if money:
        whose = later("{n:case is|cases are} new; {money} entered chains.")
        told = tr(whose, n=len(fresh), money=money)
    look = (
        later("Look first at {case}, {money}, score {score}.")
        if first
        else later("Look first at {case}, score {score}.")
    )
    return told + " " + tr(look, case=fresh[0]["case"], money=first, score=score_text(fresh[0]["score"]))


def _changes(content: Content, pictures: Mapping[str, str]) -> list[Block]:
    if content.before is None:
        return [Text(tr("This is the first run: all of its {n:case|cases} are new.", n=len(content.cases)))]
    counts = Counter(each["change"] for each in content.changes)
    told = ", ".join(f"{counts[name]:,} {word(name)}" for name in ORDER if counts[name])
    told = told or tr("there is no case in either run")
    moved = [each for each in content.changes if each["change"] != SAME]
    moved.sort(key=lambda each: (ORDER.index(each["change"]), -len(each["accounts"]), each["case"]))
    columns = heads("case", "change", "accounts #", "joined *", "left", "with")
    rows = []
    for each in moved[:MAX_CHANGES]:
        rows.append(
            cells(
                _link(each["case"], pictures),
                word(each["change"]),
                len(each["accounts"]),
                each["joined"],
                each["left"],
                each["others"],
            )
        )
    more = tr("{n} more: mulegraph diff.", n=len(moved) - MAX_CHANGES) if len(moved) > MAX_CHANGES else ""
    return [
        Text(tr("Against run {run}: {changes}.", run=content.before, changes=told)),
        Table(columns, rows, empty=tr("No case changed."), note=more),
    ]


def _link(case: str, pictures: Mapping[str, str]) -> Cell:
    return Cell(case, href=pictures.get(case, ""))


def _cases(content: Content, pictures: Mapping[str, str], reports: Mapping[str, str]) -> Table:
    columns = heads(
        "case", "report", "score #", "accounts #", "amount #", "from (UTC)", "until", "state, whose", "mostly made of *"
    )
    rows = []
    for each in content.cases[:MAX_CASES]:
        amount = case_money(each)
        report = Cell(tr("report"), href=reports[each["case"]]) if each["case"] in reports else Cell("")
        state = " ".join(word(str(each[name])) for name in STATE if _said(each[name]))
        rows.append(
            cells(
                _link(each["case"], pictures),
                report,
                score_text(each["score"]),
                len(each["accounts"]),
                amount,
                _day(each["first_at"]),
                _day(each["last_at"]),
                state,
                _mostly(each["made_of"]),
            )
        )
    more = len(content.cases) - MAX_CASES
    note = tr(
        "A case is made of findings whose accounts belong together. Its score says how sure the signs are, not that "
        "anybody is guilty. Cases link to their pictures."
    )
    note += " " + tr("{n} weaker ones: mulegraph case list.", n=more) if more > 0 else ""
    return Table(columns, rows, empty=tr("No case was found."), note=note, small=True)


def _day(at: Any) -> str:
    return shown(at)[:10]


def _mostly(parts: Mapping[str, float]) -> str:
    """The signs that make most of a score."""
    largest = sorted(((name, value) for name, value in parts.items() if name != BASE), key=lambda part: -part[1])
    return " + ".join(f"{name} {value:.2f}" for name, value in largest[:SIGNS_TOLD])


def _said(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _scores(content: Content) -> list[Block]:
    blocks: list[Block] = []
    flow, chains = content.manifest["flow"], content.chain_scores
    if chains:
        nats, shares = [each[0] for each in chains], [each[1] for each in chains]
        accepted = flow["expected_false_share"]
        falls = later("{n:chain|chains} by surprise; the share expected to be false falls with it: {steps}")
        steps = "; ".join(f"{row[0].text} nats {row[2].text}" for row in _chain_rows(chains, flow["threshold"]))
        alt = tr(falls, n=len(nats), steps=steps)
        least = flow["threshold"]
        told = (
            tr(
                "Chains count from {nats} nats, where no more than {share} are expected to be coincidence.",
                nats=f"{least:.1f}",
                share=f"{accepted:.0%}",
            )
            if least is not None
            else tr(
                "No chain is sure enough: at every score more than {share} are expected to be coincidence.",
                share=f"{accepted:.0%}",
            )
        )
        blocks += [
            Text(
                told
                + " "
                + tr(
                    "The expected share is measured on this very ledger: its transfers are dealt to each other's "
                    "times, and what is found there is coincidence."
                ),
                tr("Chains."),
            ),
            Picture(chains_plot(nats, shares, least, accepted), alt),
            Table(heads("threshold (nats) #", "chains at or above #", "expected false #"), _chain_rows(chains, least)),
        ]
    kinds = {tr("accounts"): content.account_scores, tr("cases"): [each["score"] for each in content.cases]}
    above = later("{kind} at or above {score}")
    counted = {name: sum(each >= 0.5 for each in scores) for name, scores in kinds.items()}
    alt = "; ".join(f"{tr(above, kind=name, score='0.5')}: {many:,}" for name, many in counted.items())
    columns = heads("threshold #")
    for name in kinds:
        columns += heads(tr("{kind} at or above", kind=name) + " #", "expected false #")
    blocks += [
        Text(
            tr(
                "A score is the probability that it is right, fitted on simulated ledgers. So the share of false"
                " alarms to expect at a threshold is the mean of 1 − score of all at or above it. On a ledger unlike"
                " those it may differ; how your cases ended is the better judge, once enough are closed."
            ),
            tr("Accounts and cases."),
        ),
        Picture(scores_plot(kinds), alt),
        Table(
            columns,
            [_at_threshold(kinds, least) for least in THRESHOLDS],
        ),
    ]
    if content.alarms:
        names = ("confirmed", "innocent", "unclear", "snoozed")
        rows = []
        for each in content.alarms:
            rows.append(cells(each["sign"], *(each[name] for name in names), _percent(each["false_share"])))
        columns = heads("sign", *(f"{name} #" for name in names), "false #")
        blocks += [
            Text(tr("How the findings of closed cases ended, by sign."), tr("As people decided.")),
            Table(columns, rows),
        ]
    return blocks


def _chain_rows(chains: Sequence[tuple[float, float]], threshold: float | None) -> list[list[Cell]]:
    rows = []
    for least in sorted({*map(float, NATS), *([threshold] if threshold is not None else [])}):
        reached = [each for each in chains if each[0] >= least]
        share = _percent(reached[0][1] if reached else None)
        tone = "good" if least == threshold else ""
        rows.append([Cell(f"{least:.1f}", tone=tone), *cells(len(reached), share)])
    return rows


def _at_threshold(kinds: Mapping[str, Sequence[float]], least: float) -> list[Cell]:
    reached: list[Any] = []
    for scores in kinds.values():
        reached += _reached(scores, least)
    return cells(f"{least:g}", *reached)


def _reached(scores: Sequence[float], least: float) -> list[Any]:
    return [sum(each >= least for each in scores), _percent(expected_false(scores, least))]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _signs(content: Content) -> list[Block]:
    counts, lacking = content.manifest["findings"], content.manifest["not_testable"]
    if window := content.manifest.get("window"):
        counts = dict.fromkeys(counts, 0) | window["findings"]
    columns = heads("sign", "findings #", "what it is *", "innocent when *")
    rows = []
    for code, sign in sorted(content.signs.items()):
        if code in counts:
            rows.append(cells(code, counts[code], word(sign["title"]), word(sign["innocent_when"])))
    untested = []
    for code, needs in lacking.items():
        untested.append(
            cells(code, word(content.signs[code]["title"]) if code in content.signs else "", ", ".join(needs))
        )
    return [
        Table(columns, rows, empty=tr("No sign could be tested.")),
        Table(
            heads("not testable", "what it is *", "load"),
            untested,
            empty=tr("Every sign could be tested: no table is missing."),
        ),
    ]


def _chains(content: Content) -> Table:
    columns = heads("nats #", "expected false #", "in #", "out #", "from (UTC)", "until", "accounts *")
    rows = []
    for each in content.chains:
        rows.append(
            cells(
                f"{each['surprise']:.1f}",
                _percent(each["expected_false_share"]),
                f"{shown(each['amount_in'])} {each['currency']}",
                f"{shown(each['amount_out'])} {each['currency_out']}",
                each["first_at"],
                each["last_at"],
                " → ".join(map(shown, each["accounts"])),
            )
        )
    return Table(columns, rows, empty=tr("No chain reached the threshold."), small=True)


def _rejects(content: Content) -> list[Block]:
    count, kept = content.manifest["rejects"], content.rejects
    columns = heads("rows #", "rule", "column", "file *", "read them in *")
    rows = []
    for each in kept[:MAX_REJECTS]:
        rows.append(
            cells(
                f"{each['rows']:,}",
                each["rule"],
                each["column"],
                each["file"],
                f"rejects/{each['load']}/{each['table']}.csv",
            )
        )
    told = tr("No row of the files in this ledger was refused.")
    if count:
        single = later("1 row of the files in this ledger was refused.")
        told = tr(single) if count == 1 else tr("{n} rows of the files in this ledger were refused.", n=count)
    note = tr("{n} more kinds are in rejects/.", n=len(kept) - MAX_REJECTS) if len(kept) > MAX_REJECTS else ""
    if kept and sum(each["rows"] for each in kept) != count:
        more = later("The table counts every load until the scan, also those that were refused as a whole or repeated.")
        note += " " + tr(more)
    return [Text(told), *([Table(columns, rows, note=note.strip())] if kept else [])]


def _timings(content: Content) -> Table:
    seconds = content.manifest["seconds"]
    largest, whole = max(seconds.values(), default=0) or 1, content.manifest.get("elapsed", sum(seconds.values()))
    titles = {code: word(sign["title"]) for code, sign in content.signs.items()}
    ordered = sorted(seconds.items(), key=lambda each: (-each[1], each[0]))
    rows = [cells(name, titles.get(name, ""), Cell(f"{took:.2f}", share=took / largest)) for name, took in ordered]
    return Table(
        heads("step", "sign *", "seconds"),
        rows,
        note=tr("{seconds} seconds in all.", seconds=f"{whole:.1f}"),
        small=True,
    )


def _proof(content: Content) -> Table:
    manifest = content.manifest
    rows = [cells(tr("ledger"), manifest["ledger"]["hash"]), cells(tr("code"), manifest["code"])]
    rows += [cells(f"{part}.parquet", digest) for part, digest in manifest["files"].items()]
    rows.append(cells(tr("engine"), f"{manifest['engine']}, mulegraph {manifest['versions']['mulegraph']}"))
    return Table(
        heads("what", "SHA-256, or name *"),
        rows,
        small=True,
        note=tr("Settings and versions: {file}", file=f"runs/{content.run}/manifest.json"),
    )
