"""`govern repair`."""

from __future__ import annotations

from govern.cli.options import ExpectedName, Reference
from govern.cli.verb import Run, single
from govern.operations.repair import repair as repair_records


def repair(run: Run, reference: Reference, name: ExpectedName = None) -> None:
    """Bring back records that other tools lost from a listing. Prints their digests."""
    repaired = repair_records(run.context, run.context.parse(reference), name)
    run.console.say(f"{repaired.checked} records, {len(repaired.missing)} brought back")
    if run.console.json:
        run.console.out_json(
            {"output": "govern.repair/v0.1", "checked": repaired.checked, "missing": list(repaired.missing)}
        )
        return
    for digest in repaired.missing:
        run.console.out(digest)


APPS = {"repair": single(repair)}
