"""What `govern verify` says to people: the answer and its reasons, and what was refused in a few lines."""

from __future__ import annotations

from dataclasses import replace

from govern.intoto.statement import write_statement
from govern.ledger.state import fold
from govern.oci.reference import Pinned, RegistryPlace
from govern.policy.decide import Artifact, Completeness, decide
from govern.policy.decision import Decision
from govern.policy.keys_only import policy_of_keys
from govern.policy.model import Policy, TrustedBuilder
from govern.predicates.kinds import SLSA_V1, word_for
from govern.report.decision_text import decision_text
from govern.times import read_time
from govern.trust.admit import admit
from govern.trust.identity import Identity
from govern.trust.records import Check, Record, Rejected
from govern.trust.trusted_time import TrustedTime
from support.records import (
    ARTIFACT,
    AT,
    NAME,
    OTHER,
    VERSION,
    D,
    claim,
    key_of,
    provenance_of,
    record,
    registration_of,
    trust,
)

BUILDER = "https://build.example/builder"
SEEN = TrustedTime(read_time("2026-11-21T10:00:00Z"), "timestamp", "a clock")


def judged(*records: Record, refused: tuple[Rejected, ...] = (), builders: tuple[TrustedBuilder, ...] = ()) -> Decision:
    policy: Policy = replace(policy_of_keys([("ci", key_of())], NAME), builders=builders)
    artifact = Artifact(Pinned(RegistryPlace("registry.example.com", "acme/fraud"), D), NAME, NAME, VERSION, "model")
    return decide(policy, artifact, fold(records, AT), refused, Completeness(), AT)


def lines(decision: Decision, start: str, *, verbose: bool = False) -> list[str]:
    return [one for one in decision_text(decision, verbose=verbose).splitlines() if one.startswith(f"  {start} ")]


def rejected(number: int, label: str = "stranger", digest: str = D) -> Rejected:
    statement = provenance_of(D if digest == D else OTHER, build=str(number))
    result = admit(claim(statement, label), ARTIFACT, trust("ci", "second", "third"))
    assert isinstance(result, Rejected)
    return result


# --- what was refused ----------------------------------------------------------------------------


def test_refusals_are_few_lines_and_all_of_them_in_v() -> None:
    refused = (*(rejected(one) for one in range(5)), *(rejected(one, "ci", OTHER) for one in range(4)))
    decision = judged(record(registration_of()), refused=refused)
    found = lines(decision, "refused")
    assert len(found) == 5
    assert found[3:] == [
        "  refused   2 more claims (-v shows them)",
        "  refused   4 claims about another version, name or content (-v shows them)",
    ]
    assert len(lines(decision, "refused", verbose=True)) == 9


def test_a_refusal_says_what_it_was_and_who_is_claimed_and_lists_no_keys_of_others() -> None:
    (line,) = lines(judged(refused=(rejected(1),)), "refused")
    assert line.startswith(f"  refused   {word_for(SLSA_V1)} sha256:")
    assert line.endswith(
        f"no trusted key made this signature: got one that names the key {key_of('stranger').signer[:19]}…"
    )
    (whole,) = lines(judged(refused=(rejected(1),)), "refused", verbose=True)
    assert key_of("third").signer in whole


# --- what counts ---------------------------------------------------------------------------------


def test_a_proven_time_is_shown_as_proven() -> None:
    decision = judged(replace(record(registration_of()), times=(SEEN,)))
    (line,) = lines(decision, "record")
    assert line.endswith("by ci  2026-11-21T10:00:00Z (proven)")
    assert lines(decision, "record", verbose=True)[0].endswith("(claimed)  2026-11-21T10:00:00Z (proven)")
    assert lines(judged(record(registration_of())), "record")[0].endswith("by ci  2026-11-21T09:30:00Z (claimed)")


def test_a_provenance_is_shown_with_its_build_level() -> None:
    predicate = {"runDetails": {"builder": {"id": BUILDER}}}
    statement = write_statement([(f"{NAME}@{VERSION}", D)], SLSA_V1, predicate)
    assert lines(judged(record(statement)), "record")[0].endswith("by ci  build level 1, the signer's word alone")
    builder = TrustedBuilder(BUILDER, frozenset({"ci"}), 2)
    assert lines(judged(record(statement), builders=(builder,)), "record")[0].endswith("by ci  build level 2")


def test_what_no_revocation_list_was_asked_for_is_said_once() -> None:
    def certified(*, asked: bool) -> Decision:
        one = record(registration_of())
        return judged(replace(one, checks=(*one.checks, Check("revocation", asked, "lists for 0 of 1 certificates"))))

    (line,) = lines(certified(asked=False), "revoked?")
    assert "--crl FILE" in line
    assert lines(certified(asked=True), "revoked?") == []
    assert lines(judged(record(registration_of())), "revoked?") == []


def test_a_strangers_certificate_is_shown_by_whom_it_names() -> None:
    certified = replace(
        record(registration_of(), "stranger"), certified=Identity("https://issuer.example", "a@b.example")
    )
    (line,) = lines(judged(certified), "record")
    assert " by a@b.example  " in line
