"""A decision for people: the answer first, then why, then what it rests on, then what was not proven."""

from __future__ import annotations

from collections.abc import Iterator

from govern.policy.decision import Decision, RecordView, RefusedView, Requirement
from govern.report.lines import join_lines

_MARK = {"allowed": "ALLOWED", "denied": "DENIED", "undecided": "UNDECIDED"}


def decision_text(decision: Decision, *, verbose: bool = False) -> str:
    """Return the lines of `govern verify`.

    Args:
        decision: what was decided.
        verbose: whether the steps of every proof are shown.
    """
    return join_lines(_lines(decision, verbose))


def _lines(decision: Decision, verbose: bool) -> Iterator[str]:
    subject = decision.subject
    version = f"@{subject.version}" if subject.version else ""
    yield f"{_MARK[decision.outcome]}  {subject.name}{version}  ({subject.kind})"
    yield f"  {subject.reference}"
    yield ""
    for reason in decision.reasons:
        yield f"  {reason.code.value}: {reason.message}"
        if reason.hint:
            yield f"    {reason.hint}"
    if decision.reasons:
        yield ""
    for requirement in decision.requirements:
        yield f"  required  {requirement.word:<14} {_state(decision, requirement)}"
    for record in decision.records:
        yield from _record(record, verbose)
    for refused in decision.refused:
        yield f"  refused   {_refused(refused)}"
    yield ""
    source = decision.policy.source + (f" ({decision.policy.digest[:19]}…)" if decision.policy.digest else "")
    yield f"  policy    {source}"
    yield f"  tag       {_tag(decision)}"
    yield f"  absence   {decision.absence}" + (
        " (no snapshot: a registry could hide a record)" if decision.absence == "unproven" else ""
    )


def _state(decision: Decision, requirement: Requirement) -> str:
    if requirement.satisfied:
        return "found"
    there = any(one.type == requirement.type and one.authorised for one in decision.records)
    return "found, and does not count" if there else "not found"


def _record(record: RecordView, verbose: bool) -> Iterator[str]:
    who = record.person or record.signer[:19] + "…"
    when = f"  {record.issued_at} (claimed)" if record.issued_at else ""
    note = f"  [{record.note}]" if record.note else ""
    yield f"  record    {record.word:<14} by {who}{when}{note}"
    if verbose:
        for check in record.checks:
            yield f"              {'checked' if check.made else 'not checked':<12} {check.step}: {check.detail}"


def _refused(refused: RefusedView) -> str:
    kind = refused.claimed_type.rsplit("/", 2)[-2] if refused.claimed_type.count("/") > 2 else refused.claimed_type
    return f"{kind or 'a claim'} {refused.manifest[:19]}…: {refused.reason}"


def _tag(decision: Decision) -> str:
    match decision.tag.verdict:
        case "none":
            return "none was typed"
        case "registered":
            return f"{decision.tag.typed} is the registered version"
        case "unproven":
            return f"{decision.tag.typed} is unproven: no registration of this content counts"
        case "mismatch":
            return f"{decision.tag.typed} is not a version of this content"
