"""`govern policy`: what is written is worth something, and what is checked is told, also where it never counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.desk import Desk, Ran, run_here
from support.records import key_of
from support.verify_vectors.certificates import Wish, issue

URL = "https://token.example.test"
ANNA = ("--identity", "anna=anna@example.test")
ROOT = issue(Wish("root", authority=True)).pem


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "ci.pub").write_text(key_of().to_pem())
    (tmp_path / "root.pem").write_text(ROOT)
    return Desk(tmp_path, "")


def init(desk: Desk, *options: str) -> Ran:
    return desk.run("policy", "init", "--name", "fraud", *options)


def warnings(ran: Ran) -> list[str]:
    assert ran.code == 0, ran.stderr
    return [line.removeprefix("warning: ") for line in ran.stderr.splitlines() if line.startswith("warning: ")]


def test_an_identity_that_nothing_could_prove_is_not_written(desk: Desk) -> None:
    ran = init(desk, *ANNA, "--issuer", URL)
    assert (ran.code, ran.stdout) == (2, "")
    assert "an identity is trusted, and no authority that could prove it" in ran.stderr
    assert "--trusted-root FILE or --ca-roots FILE" in ran.stderr
    assert "govern policy trusted-root" in ran.stderr
    # A key beside it changes nothing about the identity.
    assert init(desk, "--key", "ci.pub", *ANNA, "--issuer", URL).code == 2


def test_nobody_is_refused_with_both_ways_to_name_somebody(desk: Desk) -> None:
    ran = init(desk)
    assert (ran.code, ran.stdout) == (2, "")
    assert "--key" in ran.stderr
    assert "--identity" in ran.stderr


def test_what_is_written_and_can_never_count_is_told(desk: Desk) -> None:
    good = init(desk, *ANNA, "--issuer", "CN=root", "--ca-roots", "root.pem")
    assert warnings(good) == []
    (other,) = warnings(init(desk, *ANNA, "--issuer", URL, "--ca-roots", "root.pem"))
    assert "needs a trusted root in trust.sigstore" in other
    (kind,) = warnings(init(desk, "--key", "ci.pub", "--require", "vsa"))
    assert "vsa is required, and no role may sign it" in kind


def test_options_that_make_no_policy_are_called_options(desk: Desk) -> None:
    ran = init(desk, "--key", "ci=ci.pub", "--key", "anna=ci.pub")
    assert ran.code == 2
    assert "the policy of these options has 1 fault" in ran.stderr


def test_check_tells_who_is_believed_and_what_is_asked(desk: Desk) -> None:
    text = init(desk, "--key", "ci.pub", *ANNA, "--issuer", "CN=root", "--ca-roots", "root.pem").stdout
    build = "build: {level: 3, builders: [{builder: 'https://build.example.test', people: [ci], level: 3}]}\n"
    (desk.folder / "p.yaml").write_text(text + build)
    ran = desk.run("policy", "check", "p.yaml")
    assert warnings(ran) == []
    for line in (
        "anna: anna@example.test by CN=root",
        "required: build level 3",
        "build level 3: https://build.example.test signed by ci",
        "trusted root: CN=root",
    ):
        assert line in ran.stderr.splitlines()


def test_check_warns_and_still_passes(desk: Desk) -> None:
    text = init(desk, "--key", "ci.pub").stdout
    (desk.folder / "p.yaml").write_text(text + "build: {level: 2}\n")
    ran = desk.run("policy", "check", "p.yaml")
    (warning,) = warnings(ran)
    assert warning.startswith("build level 2 is required")
    shown = json.loads(desk.run("policy", "check", "p.yaml", "--format", "json", "-q").stdout)
    assert shown["warnings"] == [warning]


def test_affected_of_a_place_that_is_not_there_is_no_all_clear(desk: Desk) -> None:
    (desk.folder / "p.yaml").write_text(init(desk, "--key", "ci.pub").stdout)
    ran = run_here(desk.folder, ["policy", "affected", "ci", "layout:none/fraud", "--policy", "p.yaml"])
    assert (ran.code, ran.stdout) == (3, "")
