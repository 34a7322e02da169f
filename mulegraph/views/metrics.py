"""A scan in numbers, as Prometheus' node exporter reads them from a text file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mulegraph.errors import UsageError
from mulegraph.lazy import prometheus_client

if TYPE_CHECKING:
    from mulegraph.workspace.facts import ScanFacts


def _alerts(manifest: dict[str, Any]) -> dict[str, float]:
    return {name: float(manifest["alerts"][name]) for name in ("tonight", "so_far")}


def write_metrics(path: Path, result: ScanFacts) -> None:
    """Replace the file in one rename. Raises UsageError where it cannot be written."""
    registry = prometheus_client.CollectorRegistry()
    manifest = result.run.manifest

    def gauge(name: str, text: str, values: dict[str, float], label: str = "") -> None:
        made = prometheus_client.Gauge(f"mulegraph_{name}", text, [label] if label else [], registry=registry)
        for key, value in values.items():
            (made.labels(key) if label else made).set(value)

    feeds: dict[str, float] = dict.fromkeys(("silent", "empty", "count", "drift"), 0.0)
    for note in manifest.get("feeds", []):
        feeds[note["kind"]] += 1
    finished = datetime.fromisoformat(manifest["started_at"]).timestamp() + result.elapsed
    gauge("scan_finished_timestamp_seconds", "When the last scan that succeeded ended", {"": round(finished)})
    gauge("scan_step_seconds", "What each step of the scan took", result.seconds, "step")
    gauge("scan_peak_memory_bytes", "Most memory that the scan held", {"": result.peak_mb * 1e6})
    gauge("findings", "Findings by sign", {name: float(count) for name, count in result.findings.items()}, "sign")
    gauge("cases", "Cases of the run", {"": result.cases})
    gauge("alerts", "Accounts alerted, of this night and of all nights", _alerts(manifest), "of")
    gauge("rejected_rows", "Rows that loads refused", {"": result.rejects})
    rows = {name: float(count) for name, count in manifest["ledger"]["rows"].items()}
    gauge("ledger_rows", "Rows of the ledger by table", rows, "table")
    gauge("feed_notes", "What the last day's feed did not bring, by kind", feeds, "kind")
    try:
        prometheus_client.write_to_textfile(str(path), registry)
    except OSError as error:
        raise UsageError(
            "{path}: cannot be written ({why})", hint="Name another --metrics file.", path=path, why=error.strerror
        ) from error
