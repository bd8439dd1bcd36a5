"""The queries for people, in 80 columns where the content allows it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from govern.operations.found import Found
from govern.operations.records import RecordsFound
from govern.operations.show import Shown
from govern.operations.versions import ListedVersion, Versions
from govern.report.lines import count, join_lines
from govern.report.signers import signer_text

_SHORT = 19
_LAYERS_SHOWN = 40


def records_text(found: RecordsFound, *, verbose: bool = False) -> str:
    """Return the lines of `govern records`."""
    return join_lines(_records(found, verbose))


def _records(found: RecordsFound, verbose: bool) -> Iterator[str]:
    yield f"{found.gathered.name}  {found.gathered.pinned}"
    if not found.found and not found.failures:
        yield "  no records"
    for one in found.found:
        yield from _record(one, verbose)
    for fault in found.failures:
        yield f"  INCOMPLETE  {fault.message}"
    if found.unread:
        yield f"  INCOMPLETE  {found.unread} listed claims were not read"


def _record(one: Found, verbose: bool) -> Iterator[str]:
    who = _who(one)
    by = f" by {who}" if who else ""
    when = f"  {one.issued_at}" if one.issued_at else ""
    note = f"  [{one.reason}]" if one.reason else ""
    yield f"  {one.status:<10}  {one.word or 'a claim':<14}{by}{when}{note}"
    if verbose:
        yield f"              manifest  {one.manifest}"
        if one.statement:
            yield f"              statement {one.statement}"
        for step, made, detail in one.checks:
            yield f"              {'checked' if made else 'not checked'} {step}: {detail}"
        if one.predicate is not None:
            for line in json.dumps(dict(one.predicate), indent=2, ensure_ascii=False).splitlines():
                yield f"              {line}"
    elif one.word == "annotation" and one.predicate is not None:
        entries = one.predicate.get("entries")
        if isinstance(entries, dict):
            for name, value in entries.items():
                yield f"              {name} = {value}"
        if note_text := one.predicate.get("note"):
            yield f"              {note_text}"


def _who(one: Found) -> str:
    return signer_text(one.signer, one.person, claimed=one.status != "verified")


def tree_text(shown: Shown, found: RecordsFound) -> str:
    """Return the lines of `govern tree`: the artifact, and everything that hangs on it."""
    return join_lines(_tree(shown, found))


def _tree(shown: Shown, found: RecordsFound) -> Iterator[str]:
    version = f"@{shown.inside.version}" if shown.inside.version else ""
    yield f"{shown.inside.name or found.gathered.name}{version}  ({shown.inside.kind})"
    yield str(shown.pinned)
    groups: dict[str, list[Found]] = {}
    for one in found.found:
        groups.setdefault(one.word or "a claim", []).append(one)
    words = sorted(groups)
    for number, word in enumerate(words):
        last_group = number == len(words) - 1
        yield f"{'└' if last_group else '├'}── {word}"
        for index, one in enumerate(groups[word]):
            last = index == len(groups[word]) - 1
            state = one.status if not one.reason else f"{one.status}: {one.reason}"
            said = f"  (statement {one.statement[:_SHORT]}…)" if one.statement else ""
            branch = f"{' ' if last_group else '│'}   {'└' if last else '├'}──"
            yield f"{branch} {one.manifest[:_SHORT]}…  {_who(one)}  {state}{said}"
    for fault in found.failures:
        yield f"INCOMPLETE  {fault.message}"


def show_text(shown: Shown) -> str:
    """Return the lines of `govern show`."""
    return join_lines(_show(shown))


def _show(shown: Shown) -> Iterator[str]:
    yield f"kind      {shown.inside.kind}"
    yield f"name      {shown.inside.name or '(none inside)'}"
    yield f"version   {shown.inside.version or '(none inside)'}"
    yield f"digest    {shown.pinned.digest}"
    yield f"size      {sum(layer.size for layer in shown.manifest.layers)} bytes in {count(len(shown.layers), 'layer')}"
    details = shown.config.get("config")
    if isinstance(details, dict):
        for key, value in sorted(details.items()):
            yield f"{key:<9} {value}"
    yield ""
    for layer, path, role in shown.layers[:_LAYERS_SHOWN]:
        yield f"  {role or layer.media_type:<14} {layer.size:>14}  {path or layer.digest}"
    if len(shown.layers) > _LAYERS_SHOWN:
        yield f"  … and {count(len(shown.layers) - _LAYERS_SHOWN, 'more layer')}"


def _tag_marks(one: ListedVersion) -> list[str]:
    if one.tagged:
        return []
    return [f"TAG LEADS TO {one.leads_to[:_SHORT]}…"] if one.leads_to is not None else ["no tag"]


def versions_text(found: Versions, *, verbose: bool = False) -> str:
    """Return the lines of `govern list`."""
    return join_lines(_versions(found, verbose))


def _versions(found: Versions, verbose: bool) -> Iterator[str]:
    yield f"{found.name}  in {found.place}"
    if not found.versions and not found.failures:
        yield "  no registered versions"
    for one in found.versions:
        marks = [one.status] + (["CONFLICT"] if one.conflict else []) + _tag_marks(one)
        signer = one.signer if len(one.signer) <= 40 else signer_text(one.signer, claimed=one.status == "unverified")
        state = ", ".join(marks)
        yield f"  {one.version:<16} {one.digest[:_SHORT]}…  {one.kind:<8} {one.registered_at}  {signer}  {state}"
        if verbose and one.why:
            yield f"  {'':<16} {one.why}"
    if found.refused:
        yield f"  {found.refused} claims on the line were refused"
    for fault in found.failures:
        yield f"  INCOMPLETE  {fault.message}"
