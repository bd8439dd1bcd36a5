"""`govern repair`."""

from __future__ import annotations

from govern.cli.options import ExpectedName, Reference
from govern.cli.verb import Run, single
from govern.operations.repair import repair as repair_records
from govern.report.file_views import RepairView
from govern.report.lines import count


def repair(run: Run, reference: Reference, name: ExpectedName = None) -> None:
    """Bring back records that other tools lost from a listing. Prints their digests."""
    repaired = repair_records(run.context, run.context.parse(reference), name)
    run.console.say(f"{count(repaired.checked, 'record')}, {len(repaired.missing)} brought back")
    if run.console.json:
        run.console.out_json(RepairView(checked=repaired.checked, missing=repaired.missing).to_json())
        return
    for digest in repaired.missing:
        run.console.out(digest)


APPS = {"repair": single(repair)}
