"""A decision for people: the answer first, then why, then what it rests on, then what was not proven."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from govern.policy.build_level import CLIENT_LEVEL
from govern.policy.decision import Decision, RecordView, RefusedView, Requirement
from govern.predicates.kinds import word_for
from govern.report.lines import count, join_lines
from govern.report.signers import signer_text
from govern.trust.records import REVOCATION

_MARK = {"allowed": "ALLOWED", "denied": "DENIED", "undecided": "UNDECIDED"}
_SHORT: Final = 19
_REFUSALS_SHOWN: Final = 3
_DIGEST: Final = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")


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
    yield from _refusals(decision.refused, verbose)
    yield ""
    source = decision.policy.source + (f" ({decision.policy.digest[:19]}…)" if decision.policy.digest else "")
    yield f"  policy    {source}"
    yield f"  tag       {_tag(decision)}"
    if any(check.step == REVOCATION and not check.made for one in decision.records for check in one.checks):
        yield "  revoked?  not asked of every authority: give its newest list with --crl FILE (-v shows which)"
    yield f"  absence   {decision.absence}" + (
        " (no snapshot: a registry could hide a record)" if decision.absence == "unproven" else ""
    )


def _state(decision: Decision, requirement: Requirement) -> str:
    if requirement.satisfied:
        return "found"
    there = any(one.type == requirement.type and one.authorised for one in decision.records)
    return "found, and does not count" if there else "not found"


def _record(record: RecordView, verbose: bool) -> Iterator[str]:
    note = f"  [{record.note}]" if record.note else ""
    level = f"  {_level(record.build_level)}" if record.build_level is not None else ""
    yield f"  record    {record.word:<14} by {_who(record)}{_when(record, verbose)}{level}{note}"
    if verbose:
        for check in record.checks:
            yield f"              {'checked' if check.made else 'not checked':<12} {check.step}: {check.detail}"


def _who(record: RecordView) -> str:
    if record.person is None and record.identity is not None:
        return record.identity.subject
    return signer_text(record.signer, record.person)


def _when(record: RecordView, verbose: bool) -> str:
    # What others saw is worth more than what the writer says, and on one line there is place for one of them.
    proven = f"  {record.proven_at} (proven)" if record.proven_at else ""
    claimed = f"  {record.issued_at} (claimed)" if record.issued_at and (verbose or not proven) else ""
    return claimed + proven


def _level(level: int) -> str:
    return f"build level {level}" + (", the signer's word alone" if level == CLIENT_LEVEL else "")


def _refusals(refused: Sequence[RefusedView], verbose: bool) -> Iterator[str]:
    if verbose:
        for one in refused:
            yield f"  refused   {_claim(one)} {one.manifest}: {one.reason}"
        return
    others = [one for one in refused if one.about_another]
    here = [one for one in refused if not one.about_another]
    for one in here[:_REFUSALS_SHOWN]:
        yield f"  refused   {_claim(one)} {one.manifest[:_SHORT]}…: {_essence(one.reason)}"
    if len(here) > _REFUSALS_SHOWN:
        yield f"  refused   {count(len(here) - _REFUSALS_SHOWN, 'more claim')} (-v shows them)"
    if others:
        yield f"  refused   {count(len(others), 'claim')} about another version, name or content (-v shows them)"


def _claim(refused: RefusedView) -> str:
    return word_for(refused.claimed_type) if refused.claimed_type else "a claim"


def _essence(reason: str) -> str:
    """Return a reason without what would have been right, which may be a list of every trusted key."""
    return _DIGEST.sub(r"\1…", reason.partition(", expected ")[0].partition(": expected ")[0])


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
