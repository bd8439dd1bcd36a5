"""Admitting the claims of a subject, some of which speak of files that are read only for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from govern.errors import GovernError, Undecided
from govern.predicates.kinds import OMS_V1
from govern.trust.admit import admit
from govern.trust.anchors import Trust
from govern.trust.records import Claim, Record, Rejected
from govern.trust.subject import Subject


class Admission:
    """Judges claims about one subject.

    Of an artifact of many files the list is large, and few records speak of files: it is read for the first that does,
    once, whether or not it can be read.

    Args:
        subject: what claims must be about.
        trust: the verifier's anchors.
        at: the moment that is asked about.
        files: reads path → sha256 of every file of the subject.
    """

    def __init__(self, subject: Subject, trust: Trust, at: datetime, files: Callable[[], Mapping[str, str]]) -> None:
        self._subject, self._trust, self._at, self._files = subject, trust, at, files
        self.fault: GovernError | None = None

    def judge(self, claim: Claim) -> Record | Rejected | Undecided:
        """Return what a claim is; or why nobody can say, where its files cannot be read."""
        result = admit(claim, self._subject, self._trust, self._at)
        if isinstance(result, Record) or result.claimed_type != OMS_V1 or self._subject.files is not None:
            return result
        self._read_files()
        match self.fault:
            case None:
                return admit(claim, self._subject, self._trust, self._at)
            case Undecided():
                return self.fault
            case _:
                return replace(result, reason=self.fault, about_another=False)

    def _read_files(self) -> None:
        if self.fault is None:
            try:
                self._subject = replace(self._subject, files=self._files())
            except GovernError as fault:
                self.fault = fault.bare()
