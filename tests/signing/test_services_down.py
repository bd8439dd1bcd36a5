"""Who signs is down, or must not sign: exit code 3, a clear message, and nothing that a reader could see.

The same command, typed again when all is well, ends what it began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from govern.line import line_of
from govern.names import Name
from support.desk import Ran
from support.fault_registry import Burst, FaultRegistry
from support.refusal import check_refusal
from support.signing_desk import FILES, NAME, SERVICES, SigningDesk, signing_desk
from support.sigstore.gate import State
from support.sigstore.stack import Sigstore
from support.softhsm import PIN, WRONG_PIN, HsmKey, SoftHsm

LINE: Final = str(line_of(Name(NAME)).digest)


@pytest.fixture
def desk(sigstore: Sigstore, fault_registry: FaultRegistry, tmp_path: Path) -> Iterator[SigningDesk]:
    with signing_desk(sigstore, fault_registry, tmp_path) as laid_out:
        yield laid_out


DOWN: Final = [
    ("key+time", "tsa"),
    ("key+log", "rekor"),
    ("key+log+time", "tsa"),
    ("key+log+time", "rekor"),
    ("certificate", "tsa"),
    ("keyless", "fulcio"),
    ("keyless", "rekor"),
    ("keyless", "tsa"),
]


def refused_push(desk: SigningDesk, signer: str, says: str) -> None:
    """Push, and find that nothing came of it but blobs and an unnamed manifest, which nobody finds."""
    ran = desk.push(signer)
    check_refusal(ran.code, ran.stderr, codes={3}, says=says)
    assert ran.stdout == ""
    there = desk.there()
    assert there["tags"] == {}
    assert there["subjects"] in ([], ["None"])
    assert LINE not in there["manifests"]
    assert desk.verify("base") == 3, "there is no such version"
    assert "1.0.0" not in desk.run("list", f"{desk.registry.host}/{NAME}").stdout


# --- a service is down ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signer", "service", "state"),
    [
        *((signer, service, "silent") for signer, service in DOWN),
        ("key+log+time", "tsa", "refusing"),
        ("key+log+time", "rekor", "refusing"),
        ("keyless", "fulcio", "refusing"),
    ],
)
def test_a_push_without_a_service_leaves_nothing_and_goes_on_when_it_is_back(
    signer: str, service: str, state: State, desk: SigningDesk
) -> None:
    desk.shut(state, service)
    how = {"silent": "cannot be reached", "refusing": "refused"}[state]
    refused_push(desk, signer, f"^error: {SERVICES[service]} 127.0.0.1:[0-9]+ {how}")
    assert desk.sent() == sorted(FILES)
    begun = len(desk.registry.requests())
    desk.shut("open")
    ran = desk.push(signer)
    assert ran.code == 0, ran.stderr
    assert desk.sent(begun) == []
    assert desk.verify(signer) == 0
    assert desk.verify(signer, "provenance") == 0
    assert len(desk.there()["subjects"]) - desk.there()["subjects"].count("None") == 4


@pytest.mark.parametrize(("signer", "service"), DOWN)
def test_an_attestation_without_a_service_leaves_nothing_and_is_made_when_it_is_back(
    signer: str, service: str, desk: SigningDesk
) -> None:
    assert desk.push("base").code == 0
    before, blobs = desk.there(), set(desk.registry.content.repository(NAME).blobs)
    desk.shut("silent", service)
    ran = desk.attest(signer)
    check_refusal(ran.code, ran.stderr, codes={3}, says=f"^error: {SERVICES[service]} .* cannot be reached")
    assert ran.stdout == ""
    assert desk.there() == before
    assert set(desk.registry.content.repository(NAME).blobs) == blobs
    assert desk.verify("base") == 0
    assert desk.verify(signer, "test-result") == 1
    desk.shut("open")
    assert desk.attest(signer).code == 0
    assert desk.verify(signer, "test-result") == 0


@pytest.mark.parametrize(
    ("signer", "service", "pass_"),
    # One request for each record: provenance, model signature, registration; a certificate is asked for once.
    [
        ("key+time", "tsa", 1),
        ("key+time", "tsa", 2),
        ("certificate", "tsa", 2),
        ("key+log+time", "rekor", 2),
        ("keyless", "tsa", 2),
        ("keyless", "rekor", 1),
        ("keyless", "rekor", 2),
    ],
)
def test_a_service_that_goes_in_the_middle_leaves_nothing_by_half(
    signer: str, service: str, pass_: int, desk: SigningDesk
) -> None:
    desk.gates[service].left = pass_
    refused_push(desk, signer, f"{SERVICES[service]} .* cannot be reached")
    assert len(desk.gates[service].asked) > pass_
    desk.gates[service].left = None
    assert desk.push(signer).code == 0
    assert desk.verify(signer) == 0


@pytest.mark.parametrize("service", SERVICES)
def test_an_instance_that_is_nowhere_is_said_to_be(service: str, desk: SigningDesk, sigstore: Sigstore) -> None:
    sigstore.variant(desk.folder / "trust", **{service: sigstore.dead})
    where = sigstore.dead.removeprefix("http://")
    refused_push(desk, "keyless", f"^error: {SERVICES[service]} {where} cannot be reached")
    sigstore.variant(desk.folder / "trust")
    assert desk.push("keyless").code == 0
    assert desk.verify("keyless") == 0


# --- who signs must not, or cannot ---------------------------------------------------------------


@pytest.mark.parametrize("verb", ["push", "attest"])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"lifetime": -60}, "token file token has expired"),
        ({"audience": "elsewhere"}, "token file token is for somebody else"),
        ({"email_verified": False}, "the certificate authority 127.0.0.1:[0-9]+ refused"),
    ],
)
def test_a_token_that_is_not_good_leaves_nothing_and_a_new_one_goes_on(
    change: dict[str, Any], says: str, verb: str, desk: SigningDesk, sigstore: Sigstore
) -> None:
    act: Callable[[str], Ran] = {"push": desk.push, "attest": desk.attest}[verb]
    if verb == "attest":
        assert desk.push("base").code == 0
    before = desk.there()
    (desk.folder / "token").write_text(sigstore.token("email", **change))
    if verb == "push":
        refused_push(desk, "keyless", says)
    else:
        ran = act("keyless")
        check_refusal(ran.code, ran.stderr, codes={3}, says=says)
        assert desk.there() == before
    (desk.folder / "token").write_text(sigstore.token("email"))
    assert act("keyless").code == 0
    assert desk.verify("keyless", "registration" if verb == "push" else "test-result") == 0


@pytest.mark.parametrize("verb", ["push", "attest"])
def test_a_wrong_pin_leaves_nothing_and_the_right_one_goes_on(
    verb: str, desk: SigningDesk, softhsm: SoftHsm, hsm_keys: dict[str, HsmKey]
) -> None:
    (desk.folder / "hsm.pub").write_bytes(hsm_keys["ci"].public)
    act: Callable[[str], Ran] = {"push": desk.push, "attest": desk.attest}[verb]
    if verb == "attest":
        assert desk.push("base").code == 0
    before = desk.there()
    desk.env["GOVERN_HSM_PIN"] = WRONG_PIN
    ran = act("hsm")
    check_refusal(ran.code, ran.stderr, codes={3}, says="PIN")
    assert WRONG_PIN not in ran.stderr
    assert desk.there() == before
    desk.env["GOVERN_HSM_PIN"] = PIN
    assert act("hsm").code == 0
    assert desk.verify("hsm", "registration" if verb == "push" else "test-result") == 0


# --- what was signed once is not signed again ----------------------------------------------------


@pytest.mark.parametrize("signer", ["key+log+time", "certificate", "keyless"])
def test_what_the_journal_has_needs_no_service(signer: str, desk: SigningDesk) -> None:
    desk.env["GOVERN_STATE_DIR"] = str(desk.folder / "state")
    desk.shut("silent", *SERVICES)
    assert desk.push(signer).code == 3
    (digest,) = desk.there()["manifests"]
    # Everything is signed, and the registry takes no record.
    desk.shut("open")
    burst = Burst(status=403, times=1000, method="PUT", path=f"/manifests/(?!{digest})")
    desk.registry.switches.status_burst = [burst]
    assert desk.push(signer).code == 3
    assert burst.times < 1000
    assert desk.there()["subjects"] == ["None"]
    assert list((desk.folder / "state" / "journal").iterdir())
    desk.registry.switches.status_burst = []
    desk.shut("silent", *SERVICES)
    asked = sum(len(one.asked) for one in desk.gates.values())
    ran = desk.push(signer)
    assert ran.code == 0, ran.stderr
    assert sum(len(one.asked) for one in desk.gates.values()) == asked
    assert desk.verify(signer) == 0
    assert not list((desk.folder / "state" / "journal").iterdir())


@pytest.mark.parametrize("signer", ["key+log+time", "certificate", "keyless"])
def test_what_is_attached_already_is_used_again_without_a_journal(signer: str, desk: SigningDesk) -> None:
    """Killed between the records and the line: the evidence is there, and only what is missing is signed."""
    desk.registry.switches.status_burst = [Burst(status=403, times=1000, method="PUT", path="/manifests/govern.line")]
    assert desk.push(signer).code == 3
    attached = desk.there()["manifests"]
    desk.registry.switches.status_burst = []
    desk.shut("silent", *SERVICES)
    ran = desk.push(signer)
    assert ran.code == 0, ran.stderr
    assert set(attached) <= set(desk.there()["manifests"])
    assert desk.verify(signer) == 0
