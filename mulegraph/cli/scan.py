"""`mulegraph scan`."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mulegraph.cli import stages
from mulegraph.cli.graph_options import (
    DATABASE,
    EMBEDDED,
    GraphDatabase,
    GraphPasswordFile,
    GraphUrl,
    Insecure,
    server_of,
)
from mulegraph.cli.job import JobLog, LogFormat, check_memory, scan_events
from mulegraph.cli.options import HERE, OutputFormat, WorkspaceFolder, opened, show, steps_bar
from mulegraph.errors import EXIT_FINDINGS, UsageError
from mulegraph.schema.choices import ENGINE_MEMORY, Engine, EngineChoice
from mulegraph.views.formats import WIDTH, Format

if TYPE_CHECKING:
    from mulegraph.privacy.door import MaskedWorkspace
    from mulegraph.workspace.facts import ScanFacts

commands = typer.Typer()
SHOWN_REPORTS = 5
SHOWN_REASONS = 3


@commands.command("scan")
def scan_command(
    workspace: WorkspaceFolder = HERE,
    fail_over: Annotated[
        float | None, typer.Option(min=0, max=1, help="Exit with code 1 when an open case scores above this.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DAY",
            help="Report what reaches this day or a later one; older days are history. Else [scan] window_days.",
        ),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Read every day anew, and throw away what was kept of them.")
    ] = False,
    url: GraphUrl = EMBEDDED,
    password_file: GraphPasswordFile = None,
    database: GraphDatabase = DATABASE,
    insecure: Insecure = False,
    engine: Annotated[
        Engine, typer.Option(help="spark: set-based signs and flow matching run on Spark (mulegraph[spark], Java 17).")
    ] = Engine.DUCKDB,
    master: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where Spark runs, such as spark://HOST:7077; else on this machine."),
    ] = None,
    max_memory: Annotated[
        str,
        typer.Option(
            help="What DuckDB may hold before it spills to disk, such as 8GB; kernels hold columns beside it."
        ),
    ] = ENGINE_MEMORY,
    log_format: Annotated[LogFormat, typer.Option(help="json: a line an event on stderr.")] = LogFormat.TEXT,
    metrics: Annotated[Path | None, typer.Option(help="Write the scan's numbers to this file for Prometheus.")] = None,
    lineage: Annotated[
        Path | None, typer.Option(help="Append OpenLineage events to this file (needs mulegraph[lineage]).")
    ] = None,
    how: OutputFormat = Format.TABLE,
) -> None:
    """Run every sign over the ledger, build cases, and keep both as a run."""
    check_memory(max_memory)
    if master is not None and engine is not Engine.SPARK:
        raise UsageError("--master says where Spark runs", hint="Add --engine spark, or leave --master out.")
    first_day = day_of(since)
    if full:
        stages.kept_days.forget(workspace)
    space = opened(workspace, server=server_of(url, password_file, database, insecure))
    log = JobLog(log_format)
    with log.errors(), scan_events(lineage, workspace) as done, steps_bar() as bar:

        def progress(name: str) -> None:
            bar(name)
            log.step(name)

        choice = EngineChoice(engine, max_memory, master)
        result = space.scan(progress=progress, choice=choice, since=first_day)
        done(result)
    for note in result.run.manifest["feeds"]:
        log.remark("feed", note["text"], note)
    if metrics is not None:
        stages.metrics.write_metrics(metrics, result)
    body = {
        "run": result.run.name,
        "findings": result.findings,
        "set_aside": result.set_aside,
        "not_testable": result.not_testable,
        "cases": result.cases,
        "rejects": result.rejects,
        "seconds": result.seconds,
        "elapsed": result.elapsed,
        "peak_mb": result.peak_mb,
        "resumed": result.resumed,
        "feeds": result.run.manifest["feeds"],
        "alerts": result.run.manifest["alerts"],
        "window": result.run.manifest.get("window"),
        "reports_without_case": result.run.manifest["reports_without_case"],
    }
    if how is Format.JSON:
        typer.echo(json.dumps(body, indent=1))
    else:
        show(_rows(workspace, result), how, {"sign": "sign", "findings": "findings", "title": "what it is"})
    if how is Format.TABLE:
        _summary(space, result)
    if log.is_json or metrics is not None:
        log.health(
            run=result.run.name,
            seconds=round(result.elapsed, 1),
            peak_mb=result.peak_mb,
            findings=sum(result.findings.values()),
            cases=result.cases,
            alerts=result.run.manifest["alerts"]["tonight"],
            rejected_rows=result.rejects,
            feed_notes=len(result.run.manifest["feeds"]),
        )
    if fail_over is not None:
        cases = space.cases()
        # What somebody has closed or put aside is no news until something new comes to it, which opens it.
        if any(score > fail_over for score in cases["score"][cases["status"] == "open"]):
            raise typer.Exit(EXIT_FINDINGS)


def day_of(text: str | None) -> date | None:
    """A day as ISO 8601 has it. Raises UsageError for anything else."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError("--since is '{text}'", hint="Expected a day such as 2026-03-01.", text=text) from error


def _rows(workspace: Path, result: ScanFacts) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    window = result.run.manifest.get("window")
    counts = window["findings"] if window else result.findings
    for code, sign in stages.own.signs_of(workspace).items():
        missing = result.not_testable.get(code)
        found = f"{stages.scan.NOT_TESTABLE}: needs {', '.join(missing)}" if missing else counts.get(code, 0)
        rows.append({"sign": code, "findings": found, "title": sign.title})
    return rows


def _alerts(told: dict[str, Any], settings: dict[str, Any]) -> str:
    """One sentence on tonight's alerts, or on why there are none."""
    if not told["false_share"] and settings["false_share"]:
        covered = f"the ledger covers {told['days']:,} of {settings['min_days']:,} days"
        return f"Nobody is alerted yet: {covered}, and what comes once a month still looks like a burst."
    accounts = stages.tables.counted(told["tonight"], "account")
    nights = stages.tables.counted(told["night"], "night")
    share = f"at most {told['false_share']:.0%} of them are to be false"
    return f"Alerted tonight: {accounts}, {told['so_far']:,} in {nights}, {share}: mulegraph alerts"


def _explained(set_aside: dict[str, dict[str, int]]) -> str:
    """How many findings are not listed, and which explanations fit most of them."""
    by_reason = Counter[str]()
    for counts in set_aside.values():
        by_reason.update(counts)
    named = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in by_reason.most_common(SHOWN_REASONS))
    several = stages.tables.counted(by_reason.total(), "finding")
    told = f"Set aside, since an innocent explanation fits: {several} ({named}): mulegraph signs --set-aside"
    return textwrap.fill(told, WIDTH)


def _summary(space: MaskedWorkspace, result: ScanFacts) -> None:
    facts = result.run.manifest["flow"]
    least = facts["threshold"]
    typer.echo("")
    if least is None:
        typer.echo("No chain is sure enough: at every score more than 5 % are expected to be coincidence.")
    else:
        share = facts["expected_false_share"]
        typer.echo(f"Chains count from {least:.1f} nats, where {share:.0%} are expected to be coincidence.")
    if facts["tick_seconds"] >= 3_600:
        typer.echo(f"The clock is coarse: times are multiples of {facts['tick_seconds'] / 3600:g} hours.")
    if not any(result.findings.values()):
        typer.echo("No finding.")
    if result.set_aside:
        typer.echo(_explained(result.set_aside))
    cases = stages.tables.counted(result.cases, "case") if result.cases else "No case"
    if window := result.run.manifest.get("window"):
        of_days = f"{sum(window['findings'].values()):,} of {sum(result.findings.values()):,} findings"
        of_days += f" and {window['cases']:,} of {result.cases:,} cases"
        typer.echo(f"Reported from {window['since']} on: {of_days}; the others ended before (--all).")
    typer.echo(f"{cases} in {result.elapsed:.1f} s with {result.peak_mb} MB; run {result.run.name}")
    if model := result.run.manifest.get("model"):
        decided = model["guilty"] + model["innocent"]
        typer.echo(f"Scores are of model {model['hash'][:12]}, learned from {decided:,} decided accounts.")
    if result.resumed:
        done = stages.tables.counted(len(result.resumed), "step")
        typer.echo(f"Gone on with a scan that was stopped: {done} had been done.")
    if result.rejects:
        rejected = stages.tables.counted(result.rejects, "row was", "rows were")
        typer.echo(f"{rejected} rejected when the ledger was loaded; see rejects/.")
    for row in space.cases(top=3).to_dict("records"):
        money = stages.tables.case_money(row) or "no chain"
        accounts = stages.tables.counted(len(row["accounts"]), "account")
        typer.echo(f"  {row['case']}  score {row['score']:.2f}  {accounts}  {money}")
    if alone := result.run.manifest["reports_without_case"]:
        several = stages.tables.counted(len(alone), "report stands", "reports stand")
        named = ", ".join(alone[:SHOWN_REPORTS]) + (" …" if len(alone) > SHOWN_REPORTS else "")
        typer.echo(textwrap.fill(f"{several} in no case: {named}. Follow one: mulegraph case open --report ID", WIDTH))
    typer.echo(_alerts(result.run.manifest["alerts"], result.run.manifest["settings"]["alerts"]))
    if result.cases:
        typer.echo("Next: mulegraph case list, mulegraph case show CASE, mulegraph view CASE -o case.html")
