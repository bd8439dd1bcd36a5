"""Claims about files are judged once the files are known, which are read for them alone and once."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from govern.errors import ContentMismatch, GovernError, NetworkError
from govern.intoto.statement import write_statement
from govern.names import Name
from govern.operations.admission import Admission
from govern.predicates.kinds import OMS_V1
from govern.predicates.oms import write_oms
from govern.trust.records import Claim, Record, Rejected
from support.records import ARTIFACT, AT, claim, provenance_of, trust

FILES = {"config.json": "11" * 32, "weights.bin": "22" * 32}


def of_files(files: Mapping[str, str] = FILES) -> Claim:
    subject, predicate = write_oms(Name("acme/fraud"), files)
    return claim(write_statement([subject], OMS_V1, predicate), "ci")


class Files:
    """Files that are counted when they are read, or cannot be."""

    def __init__(self, fault: GovernError | None = None) -> None:
        self.reads, self.fault = 0, fault

    def __call__(self) -> Mapping[str, str]:
        self.reads += 1
        if self.fault is not None:
            raise self.fault
        return FILES


def test_files_are_read_only_for_claims_about_them_and_once():
    files = Files()
    admission = Admission(ARTIFACT, trust("ci"), AT, files)
    assert isinstance(admission.judge(claim(provenance_of(), "ci")), Record)
    assert files.reads == 0
    for _ in range(2):
        assert isinstance(admission.judge(of_files()), Record)
    assert isinstance(admission.judge(of_files({"other.bin": "33" * 32})), Rejected)
    assert files.reads == 1


@pytest.mark.parametrize("fault", [NetworkError("no answer"), ContentMismatch("the list contradicts the manifest")])
def test_files_that_cannot_be_read_are_tried_once_and_the_reason_is_kept(fault: GovernError):
    files = Files(fault)
    admission = Admission(ARTIFACT, trust("ci"), AT, files)
    for _ in range(2):
        result = admission.judge(of_files())
        reason = result.reason if isinstance(result, Rejected) else result
        assert reason is fault
        # A network is no answer; a list that contradicts itself is one.
        assert isinstance(result, Rejected) == isinstance(fault, ContentMismatch)
    assert (files.reads, admission.fault) == (1, fault)
    assert isinstance(admission.judge(claim(provenance_of(), "ci")), Record)
