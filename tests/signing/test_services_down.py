"""Who signs is down, or must not sign: exit code 3, a clear message, and nothing that a reader could see.

The same command, typed again when all is well, ends what it began.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from govern.line import line_of
from govern.names import Name
from support.desk import Ran, run_here
from support.fault_registry import Burst, FaultRegistry
from support.refusal import check_refusal
from support.sigstore.gate import Gate, State, gate
from support.sigstore.pki import make_chain
from support.sigstore.stack import Sigstore
from support.softhsm import PIN, WRONG_PIN, HsmKey, SoftHsm

NAME: Final = "acme/fraud"
LINE: Final = str(line_of(Name(NAME)).digest)
FILES: Final = {"README.md": b"a model\n", "weights.bin": bytes(range(256)) * 64}
SERVICES: Final = {
    "fulcio": "the certificate authority",
    "rekor": "the transparency log",
    "tsa": "the timestamp authority",
}


@dataclass
class Desk:
    """A model, a registry, and services that can be shut.

    Args:
        folder: where everything lies.
        registry: where to push.
        gates: the way to each service.
        signers: for each way to sign, the options of it.
        trusting: for each, the options that verify it.
        env: the PIN.
    """

    folder: Path
    registry: FaultRegistry
    gates: dict[str, Gate]
    signers: dict[str, tuple[str, ...]]
    trusting: dict[str, tuple[str, ...]]
    env: dict[str, str] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        return f"{self.registry.host}/{NAME}:1.0.0"

    def run(self, *line: str) -> Ran:
        return run_here(self.folder, line, env=self.env)

    def push(self, signer: str) -> Ran:
        return self.run("push", "model", self.reference, *self.signers[signer])

    def attest(self, signer: str) -> Ran:
        return self.run(
            "attest", self.reference, "--type", "test-result", "--predicate", "tested.json", *self.signers[signer]
        )

    def verify(self, signer: str, kind: str = "registration") -> int:
        return self.run("verify", self.reference, "--require", kind, *self.trusting[signer]).code

    def shut(self, state: State, *services: str) -> None:
        """Shut some services, and open all others."""
        for name, one in self.gates.items():
            one.state = state if name in services else "open"

    def there(self) -> dict[str, Any]:
        """Return what a reader can find: the digests of manifests, and tags."""
        with self.registry.content.lock:
            own = self.registry.content.repository(NAME)
            return {
                "manifests": sorted(own.manifests),
                "tags": dict(own.tags),
                "subjects": sorted(
                    str(json.loads(body).get("subject", {}).get("digest")) for _, body in own.manifests.values()
                ),
            }

    def sent(self, since: int = 0) -> list[str]:
        """Return which files of the model were sent, by the requests after the first `since`."""
        digests = {f"sha256%3A{hashlib.sha256(data).hexdigest()}": name for name, data in FILES.items()}
        asked = self.registry.requests()[since:]
        ended = [one.path.replace(":", "%3A") for one in asked if one.method in ("PUT", "POST", "PATCH")]
        return sorted(name for digest, name in digests.items() if any(digest in path for path in ended))


@pytest.fixture
def desk(sigstore: Sigstore, fault_registry: FaultRegistry, tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "model").mkdir()
    for name, data in FILES.items():
        (tmp_path / "model" / name).write_bytes(data)
    (tmp_path / "tested.json").write_text(
        '{"result": "PASSED", "configuration": [{"uri": "https://example.com/suite", "digest": {"sha256": "%s"}}]}'
        % ("ab" * 32)
    )
    for name in ("ci", "base"):
        assert run_here(tmp_path, ["key", "generate", "--output", name, "--no-passphrase"]).code == 0
    chain = make_chain()
    files = chain.write(tmp_path / "pki")
    (tmp_path / "pki" / "whole.pem").write_bytes(chain.leaf.chain_pem)
    (tmp_path / "token").write_text(sigstore.token("email"))
    with ExitStack() as stack:
        gates = {name: stack.enter_context(gate(getattr(sigstore, name))) for name in SERVICES}
        sigstore.variant(tmp_path / "trust", **{name: one.url for name, one in gates.items()})
        time, log = ("--timestamp-url", gates["tsa"].url), ("--log-url", gates["rekor"].url)
        config = str(tmp_path / "trust" / "client_trust_config.json")
        root = ("--trusted-root", str(sigstore.trusted_root))
        subject = chain.root.certificate.subject.rfc4514_string()
        san = "https://ci.example.test/train"
        yield Desk(
            tmp_path,
            fault_registry,
            gates,
            {
                "base": ("--key", "base.key"),
                "key+time": ("--key", "ci.key", *time),
                "key+log": ("--key", "ci.key", *log),
                "key+log+time": ("--key", "ci.key", *log, *time),
                "certificate": ("--key", str(files.key), "--certificate", str(tmp_path / "pki" / "whole.pem"), *time),
                "keyless": ("--keyless", "--identity-token-file", "token", "--trust-config", config),
                "hsm": ("--key", "pkcs11:token=govern;object=ci"),
            },
            {
                "base": ("--key", "base.pub"),
                **dict.fromkeys(("key+time", "key+log", "key+log+time"), ("--key", "ci.pub", *root)),
                "certificate": (
                    *("--certificate-identity", san, "--certificate-oidc-issuer", subject),
                    *("--ca-roots", str(files.root), *root),
                ),
                "keyless": (
                    *("--certificate-identity", sigstore.san("email")),
                    *("--certificate-oidc-issuer", sigstore.issuer("email"), *root),
                ),
                "hsm": ("--key", "hsm.pub"),
            },
        )


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


def refused_push(desk: Desk, signer: str, says: str) -> None:
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
    signer: str, service: str, state: State, desk: Desk
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
    signer: str, service: str, desk: Desk
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
    signer: str, service: str, pass_: int, desk: Desk
) -> None:
    desk.gates[service].left = pass_
    refused_push(desk, signer, f"{SERVICES[service]} .* cannot be reached")
    assert len(desk.gates[service].asked) > pass_
    desk.gates[service].left = None
    assert desk.push(signer).code == 0
    assert desk.verify(signer) == 0


@pytest.mark.parametrize("service", SERVICES)
def test_an_instance_that_is_nowhere_is_said_to_be(service: str, desk: Desk, sigstore: Sigstore) -> None:
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
    change: dict[str, Any], says: str, verb: str, desk: Desk, sigstore: Sigstore
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
    verb: str, desk: Desk, softhsm: SoftHsm, hsm_keys: dict[str, HsmKey]
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
def test_what_the_journal_has_needs_no_service(signer: str, desk: Desk) -> None:
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
def test_what_is_attached_already_is_used_again_without_a_journal(signer: str, desk: Desk) -> None:
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
