"""What `govern policy affected` prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from govern.operations.affected import Affected
from govern.report.lines import count, join_lines
from govern.report.views import View
from govern.times import write_time

_SHORT = 19


class AffectedRecordView(View):
    """One record of the voice."""

    word: str
    type: str
    statement: str
    signer: str
    manifest: str
    digest: Annotated[str, Field(description="The artifact that it is about.")]
    about: Annotated[str, Field(description="The subject's name in the statement.")]
    issued_at: Annotated[str | None, Field(description="When the writer says that it was written.")]
    proven_at: Annotated[str | None, Field(description="When it existed at the latest, by others' word.")]
    stands: Annotated[bool, Field(description="Whether it counts under the policy.")]
    why: Annotated[str, Field(description="Why it does not, or empty.")]


class AffectedView(View):
    """What `govern policy affected` prints with --format json."""

    output: Literal["govern.affected/v0.1"] = "govern.affected/v0.1"
    who: str
    name: str
    place: str
    complete: Annotated[bool, Field(description="Whether everything that was listed could be read.")]
    records: tuple[AffectedRecordView, ...]
    problems: tuple[str, ...]
    others: Annotated[int, Field(description="How many authentic records here are about another name.")]

    @classmethod
    def of(cls, found: Affected) -> AffectedView:
        """Return the view of what was found."""
        return cls(
            who=found.who,
            name=found.name,
            place=found.place,
            complete=not found.failures and not found.unread,
            others=found.others,
            records=tuple(
                AffectedRecordView(
                    word=one.record.word,
                    type=one.record.statement.predicate_type,
                    statement=one.record.statement.digest,
                    signer=one.record.signer,
                    manifest=one.record.claim.manifest,
                    digest=one.digest,
                    about=one.record.statement.subjects[0].name,
                    issued_at=write_time(one.record.issued_at) if one.record.issued_at else None,
                    proven_at=write_time(one.record.times[0].at) if one.record.times else None,
                    stands=one.stands,
                    why=one.why,
                )
                for one in found.records
            ),
            problems=(
                *(one.message for one in found.failures),
                *((f"{found.unread} listed claims were not read",) if found.unread else ()),
            ),
        )


def affected_text(found: Affected) -> str:
    """Return the lines for people."""
    return join_lines(_lines(AffectedView.of(found)))


def _lines(view: AffectedView) -> Iterator[str]:
    void = sum(not one.stands for one in view.records)
    yield f"{count(len(view.records), 'record')} of {view.who} under {view.name}, {void} void"
    last = ""
    for one in view.records:
        if one.digest != last:
            yield f"  {one.digest}"
            last = one.digest
        when = f"proven {one.proven_at}" if one.proven_at else f"claims {one.issued_at or 'no time'}"
        yield f"    {'stands' if one.stands else 'VOID':<7} {one.word}  {one.about}  {when}  {one.manifest[:_SHORT]}…"
        if one.why:
            yield f"            {one.why}"
    if view.others:
        yield f"  not listed: {count(view.others, 'record')} about another name; is it {view.name} that you mean?"
    for problem in view.problems:
        yield f"  INCOMPLETE  {problem}"
