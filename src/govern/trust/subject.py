"""What a record must be about to count here: step (8) of the proof (`admit`).

Source: FORMAT §4; in-toto attestation spec, validation.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from govern.errors import Denied
from govern.intoto.statement import Statement
from govern.line import line_of
from govern.names import Name, SubjectName, Version, kind_of
from govern.oci.digest import Digest
from govern.predicates.kinds import ADDING_WORDS, OMS_V1, OURS


class AboutAnother(Denied):
    """Authentic, and about something else: shown, never folded (DESIGN §3)."""


class WrittenByNewer(Denied):
    """Authentic, about this subject, and of a kind or with fields that this version does not know."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What records must be about to count here.

    Args:
        digest: D, the artifact; None where only the line is looked at.
        name: the expected name.
        version: the version inside the artifact, or None for artifacts of other tools.
        files: path → sha256 of every file, in hex digits, for signatures that speak of files; None where they were not
            read.
    """

    digest: Digest | None
    name: Name
    version: str | None = None
    files: Mapping[str, str] | None = None

    @property
    def line(self) -> Digest:
        """L of the expected name."""
        return line_of(self.name).digest


def about(statement: Statement, subject: Subject) -> str:
    """Return what a statement is about, in words.

    Raises:
        AboutAnother: where that is something else than the subject.
        WrittenByNewer: for kinds of ours that a newer govern writes, and that may decide something here.
        Denied: for another shape than its kind prescribes.
    """
    if statement.predicate_type == OMS_V1:
        return _about_files(statement, subject)
    if kind_of(statement.predicate_type) is None:
        # Predicates of others are bound by digest alone, at any index; their names are shown, never
        # compared (FORMAT §4).
        if subject.digest is None or not any(one.sha256 == subject.digest.encoded for one in statement.subjects):
            raise AboutAnother(
                "the statement is about other content",
                got=", ".join(f"sha256:{one.sha256}" for one in statement.subjects[:4]),
                expected=str(subject.digest or "records of ours"),
            )
        return f"sha256:{subject.digest.encoded}"
    kind = OURS.get(statement.predicate_type)
    if kind is None:
        # What only adds would be missed, and nothing worse. Anything else may take back what is allowed here.
        harmless = kind_of(statement.predicate_type) in ADDING_WORDS
        first, here = statement.subjects[0].sha256, {one.encoded for one in (subject.digest, subject.line) if one}
        raise (Denied if harmless or first not in here else WrittenByNewer)(
            "the record is of a kind that this govern does not know",
            got=repr(statement.predicate_type[:200]),
            expected=", ".join(one.word for one in OURS.values()),
            hint="it was written by a newer govern: update this one",
        )
    return _about_ours(statement, subject, names_line=kind.names_line)


def _about_files(statement: Statement, subject: Subject) -> str:
    # Its subject is a digest over the files, so the files are compared: with the manifest, not with the weights.
    if subject.files is None:
        raise AboutAnother("the statement is about files", expected="the files of an artifact to hold against it")
    # Imported here: few records speak of files.
    from govern.trust.oms import check_oms

    passed_over = check_oms(statement, subject.files)
    return f"the {len(subject.files)} files of {subject.digest}" + (
        f"; it says nothing of {', '.join(passed_over)[:200]}" if passed_over else ""
    )


def _about_ours(statement: Statement, subject: Subject, *, names_line: bool) -> str:
    wanted = 2 if names_line else 1
    if len(statement.subjects) != wanted:
        raise Denied(
            "the statement has another shape than its kind prescribes",
            got=f"{len(statement.subjects)} subjects",
            expected=f"exactly {wanted}",
        )
    artifact = statement.subjects[0]
    name = SubjectName.parse(artifact.name, error=Denied)
    if not all(one.exact for one in statement.subjects):
        raise Denied("a subject holds more than its kind prescribes", expected="exactly a name and a sha256 digest")
    if artifact.sha256 is None or any(one.sha256 is None for one in statement.subjects):
        raise Denied("a subject has no sha256", expected="sha256 digests")
    if names_line:
        if name.version is None:
            raise Denied("the artifact's subject has no version", got=repr(artifact.name), expected="NAME@VERSION")
        Version(name.version, error=Denied)
        line = statement.subjects[1]
        # L is recomputed from the name: a statement whose line is another name's says two things.
        if line.name != name.name or line.sha256 != line_of(name.name).digest.encoded:
            raise Denied(
                "the second subject is not the line of the first",
                got=f"{line.name[:200]!r} sha256:{line.sha256}",
                expected=f"{name.name!r} {line_of(name.name).digest}",
            )
    if name.name != subject.name:
        raise AboutAnother(
            "the record is about another name",
            got=repr(str(name.name)),
            expected=repr(str(subject.name)),
            hint=f"if {name.name} is meant, say --name {name.name}",
        )
    # On the line, every version of the name is of interest; on the artifact, only this one is.
    if names_line and (subject.digest is None or artifact.sha256 != subject.digest.encoded):
        return f"{artifact.name} sha256:{artifact.sha256}"
    if subject.digest is None or artifact.sha256 != subject.digest.encoded:
        raise AboutAnother(
            "the record is about other content",
            got=f"sha256:{artifact.sha256}",
            expected=str(subject.digest or "a record of the line"),
        )
    if not names_line and subject.version is not None and name.version != subject.version:
        raise AboutAnother(
            "the record names another version than the artifact does",
            got=repr(artifact.name),
            expected=repr(f"{subject.name}@{subject.version}"),
        )
    return f"{artifact.name} sha256:{artifact.sha256}"
