"""Wrong command lines: exit code 2 or 3, one clear error, a hint where one helps, and nothing left behind.

A row is a command line and what must be said to it. Rows run in this process, since a whole process for each
would take minutes; `test_bad_places` tries what only a process of its own can show.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from support.desk import PASSPHRASE, Desk, make_desk
from support.refusal import check_refusal


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return make_desk(tmp_path_factory.mktemp("bad") / "desk")


@dataclass(frozen=True)
class Row:
    """A command line that is wrong.

    Args:
        line: its words, divided by spaces; `␠` stands for a space inside of one and `∅` for an empty one.
        says: what the error says, a regular expression.
        hint: what the hint says, or None where there is nothing to add.
        code: the exit code.
        stdin: what it reads.
        env: variables.
    """

    line: str
    says: str
    hint: str | None = None
    code: int = 2
    stdin: bytes = b""
    env: dict[str, str] = field(default_factory=dict)


HEX: Final = "0" * 64
REF: Final = "layout:store/fraud:1.0"
NEW: Final = "layout:new/fraud:1.0"
SIGN: Final = "--key ci.key"
TRUST: Final = "--key ci.pub"

USAGE: Final = [
    *(Row(verb, "missing", f"govern {verb}") for verb in (
        "push", "verify", "pull", "attest", "annotate", "records", "show", "tree", "list", "resolve", "login",
        "logout", "repair",
    )),
    Row("key generate", "missing option '--output'", "govern key generate"),
    Row("key show", "missing argument", "govern key show"),
    Row("key frob", "no such command", "govern key"),
    Row("policy init", "missing option", "govern policy init"),
    Row("policy check", "missing argument", "govern policy check"),
    Row("frob", "no such command 'frob'", "govern --help"),
    Row("verify REF --frob".replace("REF", REF), "no such option: --frob", "govern verify"),
    Row(f"verify {REF} extra {TRUST}", "extra"),
    Row(f"verify {REF} {TRUST} --format xml", "'xml' is not one of"),
    Row(f"verify {REF} {TRUST} --jobs many", "--jobs"),
    Row(f"verify {REF} {TRUST} --jobs 0", "jobs.*got 0, expected 1 to 32"),
    Row(f"verify {REF} {TRUST} --jobs 33", "jobs.*got 33, expected 1 to 32"),
    Row(f"verify {REF} {TRUST} --timeout 0", "timeout.*got 0.0, expected 1 to"),
    Row(f"verify {REF} {TRUST} --timeout nan", "timeout.*got nan"),
    Row(f"verify {REF} {TRUST} --timeout inf", "timeout is out of range"),
    Row(f"attest {REF} {SIGN} --predicate good.json", "what to attest is not said in full: got no --type TYPE"),
    Row(f"attest {REF} {SIGN} --type x:y", "not said in full: got no --predicate FILE"),
    Row(f"attest {REF} --type x:y --predicate good.json", "nothing says who signs.*--key KEY"),
    Row(f"attest {REF}", "nothing says what to attest.*--import"),
    Row(f"pull {REF} {TRUST}", "missing option '--output'"),
    Row(f"annotate {REF} {SIGN}", "missing argument"),
    Row(f"annotate {REF} a=b", "nothing says who signs.*--key"),
]  # fmt: skip

REFERENCES: Final = [
    Row(f"verify fraud:1.0 {TRUST}", "the reference has no registry", "GOVERN_REGISTRY"),
    Row(f"verify ∅ {TRUST}", "not a reference.*HOST/REPOSITORY"),
    Row(f"verify https://h.example/x:1 {TRUST}", "not a URL", "govern login"),
    Row(f"verify h.example/UPPER:1 {TRUST}", "not a repository"),
    Row(f"verify h.example/x:a+b {TRUST}", "not a tag", "'a-b'"),
    Row(f"verify h.example/x:{'t' * 129} {TRUST}", "not a tag"),
    Row(f"verify h.example/x@sha256:12 {TRUST}", "not a digest", "never shortened"),
    Row(f"verify h.example/x@md5:12 {TRUST}", "digest"),
    Row(f"verify alice:pw@h.example/x:1 {TRUST}", "^error: credentials do not belong(?!.*pw)", "login"),
    Row(f"verify alice:p@w@h.example/x:1 {TRUST}", "^error: credentials do not belong(?!.*w@)", "login"),
    Row(f"verify layout:x@md5:12 {TRUST}", "digest algorithm is not known: got 'md5'"),
    Row(f"verify h.example:99999/x:1 {TRUST}", "not a registry host"),
    Row(f"verify -h.example/x:1 {TRUST}", "no such option"),
    Row(f"verify h.example/../x:1 {TRUST}", "not a repository"),
    Row(f"verify h.example/x␠y:1 {TRUST}", "not a repository"),
    Row(f"verify h.example/x\n:1 {TRUST}", "not a reference"),
    Row(f"verify h.example/\x1b[2J:1 {TRUST}", "not a reference"),
    Row(f"verify layout: {TRUST}", "not a reference"),
    Row(f"verify layout::1.0 {TRUST}", "not a reference"),
    Row(f"verify layout:store/fraud {TRUST}", "names no version", "govern list"),
    Row(f"verify layout:store/fraud@sha512:{HEX}{HEX} {TRUST}", "sha256"),
    Row(f"verify layout:store/fraud:2.0 {TRUST}", "no such tag.*expected 1.0", code=3),
    Row(f"verify layout:store/fraud@sha256:{HEX} {TRUST}", "no such manifest", code=3),
    Row(f"verify layout:none/fraud:1.0 {TRUST}", "no OCI image layout", "govern push", code=3),
    Row(f"verify layout:bare:1.0 {TRUST}", "no OCI image layout", code=3),
    Row(f"verify layout:text.txt:1.0 {TRUST}", "layout cannot be read.*Not a directory", code=3),
    Row(f"verify layout:{'n' * 300}:1.0 {TRUST}", "name", code=2),
    Row(f"verify layout:Store:1.0 {TRUST}", "does not give a name", "--name"),
    Row(f"verify {REF} {TRUST} --name Not/A/Name", "not a name"),
    Row(f"verify {REF} {TRUST} --name {'n' * 201}", "the name .* is too large"),
    *(Row(f"{verb} layout:store/fraud:2.0", "no such tag", code=3)
      for verb in ("records", "show", "tree", "resolve", "repair")),
    Row("list layout:none/fraud", "no OCI image layout", "govern push", code=3),
    Row(f"resolve {REF}x@y", "not a tag"),
    Row(f"verify 127.0.0.1:1/x:1 {TRUST} --timeout 1", "connection to 127.0.0.1:1 failed", "network", code=3),
    Row(f"verify nowhere.invalid/x:1 {TRUST} --timeout 1", "nowhere.invalid", "network", code=3),
    Row(f"verify h.example/x:1 {TRUST} --ca-file none.pem", "authorities cannot be read", "--ca-file"),
    Row(f"verify h.example/x:1 {TRUST} --ca-file text.txt", "authorities cannot be read", "--ca-file"),
    Row(f"verify h.example/x:1 {TRUST} --client-cert none.pem", "client certificate cannot be read", "--client-key"),
    Row(f"verify h.example/x:1 {TRUST} --client-cert ci.pub", "client certificate cannot be read"),
]  # fmt: skip

KEYS: Final = [
    Row(f"push model {NEW}", "a push is signed", "govern key generate"),
    Row(f"push model {NEW} --key none.key", "private key cannot be read.*No such file", "govern key generate"),
    Row(f"push model {NEW} --key bare", "Is a directory"),
    Row(f"push model {NEW} --key nowhere", "No such file"),
    Row(f"push model {NEW} --key ci.pub", "not a private key.*a public key", r"PREFIX\.key"),
    Row(f"push model {NEW} --key garbage", "not a private key"),
    Row(f"push model {NEW} --key empty", "not a private key"),
    Row(f"push model {NEW} --key broken.key", "cannot be opened"),
    Row(f"push model {NEW} --key huge.key", "MAX_KEY_FILE"),
    Row(f"push model {NEW} --key rsa.key", "another kind.*P-256", "govern key generate"),
    Row(f"push model {NEW} --key p384.key", "another kind"),
    Row(f"push model {NEW} --key locked.key", "encrypted", "GOVERN_KEY_PASSPHRASE"),
    Row(f"push model {NEW} --key locked.key --passphrase-file wrong.pass", "wrong passphrase",
        "--passphrase-file wrong.pass"),
    Row(f"push model {NEW} --key locked.key --passphrase-file none", "passphrase file cannot be read"),
    Row(f"push model {NEW} --key locked.key --passphrase-file bare", "passphrase file cannot be read"),
    Row(f"push model {NEW} --key locked.key", "wrong passphrase", "variable GOVERN_KEY_PASSPHRASE",
        env={"GOVERN_KEY_PASSPHRASE": "no"}),
    Row(f"push model {NEW} --key locked.key", "wrong passphrase", "variable COSIGN_PASSWORD",
        env={"COSIGN_PASSWORD": "no"}),
    Row(f"push model {NEW} --key locked.key", "wrong passphrase", env={"GOVERN_KEY_PASSPHRASE": "\udcff"}),
    Row(f"push model {NEW} --key env:NONE", "no variable NONE"),
    Row(f"push model {NEW} --key env:", "environment"),
    Row(f"push model {NEW} --key env:ODD", "not a private key", env={"ODD": "\udcff\udcfe"}),
    Row(f"push model {NEW} --key -----BEGIN␠PRIVATE␠KEY-----\nMIG", "given as text", "new key"),
    Row(f"verify {REF}", "nothing says whom to trust", "--key ci.pub"),
    Row(f"verify {REF} --key none.pub", "public key cannot be read", r"whoever signed has it"),
    Row(f"verify {REF} --key ci.key", "is a private key", r"\.pub"),
    Row(f"verify {REF} --key text.txt", "not one PEM public key", "govern key generate"),
    Row(f"verify {REF} --key two.pub", "not one PEM public key"),
    Row(f"verify {REF} --key weak.pub", "1024|weak"),
    Row(f"verify {REF} --key garbage", "not one PEM public key"),
    Row(f"verify {REF} --key ∅", "public key cannot be read"),
    Row("key show none.pub", "cannot be read"),
    Row("key show locked.key", "encrypted", "GOVERN_KEY_PASSPHRASE"),
    Row("key show text.txt", "not one PEM public key"),
    Row("key generate --output fresh", "needs a passphrase", "--no-passphrase"),
    Row("key generate --output fresh", "needs a passphrase", env={"GOVERN_KEY_PASSPHRASE": ""}),
    Row("key generate --output fresh --passphrase-file empty", "needs a passphrase"),
    Row("key generate --output ci --no-passphrase", "there already"),
    Row("key generate --output ci.key/x --no-passphrase", "cannot be written|there already"),
    Row("key generate --output . --no-passphrase", "name"),
    Row("key generate --output / --no-passphrase", "name"),
    Row("key generate --output .. --no-passphrase", "name"),
    Row(f"key generate --output {'n' * 300} --no-passphrase", "too long"),
    Row("policy init --key none.pub --name fraud", "cannot be read"),
    Row("policy init --key ci.pub --name Fraud", "not a name"),
    Row("policy init --key ci.pub --name fraud --line nonsense", "not a line", None),
    Row("policy init --key a␠b=ci.pub --name fraud", "error: this is not a person's id: got 'a b', expected 1 to",
        "ID=ci.pub"),
    Row("policy init --key ci.pub --name fraud --require frob", "error: this is not a predicate type: got 'frob'"),
]  # fmt: skip

VERIFYING: Final = [
    Row(f"verify {REF} {TRUST} --policy wide.yaml", "both --key and --policy"),
    Row(f"verify {REF} --policy wide.yaml --require registration", "--require goes with --key"),
    Row(f"verify {REF} {TRUST} --require frob", "frob"),
    *(Row(f"verify {REF} {TRUST} --at {at}", "--at") for at in (
        "yesterday", "2026-13-01T00:00:00Z", "2026-11-21", "2026-11-21T09:30:00+01:00", "1e99",
    )),
    Row(f"verify {REF} --policy none.yaml", "policy cannot be read", "govern policy init"),
    Row(f"verify {REF} --policy bare", "policy cannot be read"),
    Row(f"verify {REF}", "policy cannot be read", env={"GOVERN_POLICY": "none.yaml"}),
    *(Row(f"{verb} {file}", "policy|YAML|yaml") for file in (
        "empty", "garbage", "broken.yaml", "list.yaml", "unknown.yaml", "twice.yaml", "latin.yaml", "alias.yaml",
        "tag.yaml",
    ) for verb in (f"verify {REF} --policy", "policy check")),
    Row(f"records {REF} --kind frob", "frob"),
    Row(f"records {REF} --since yesterday", "--since"),
    Row(f"pull {REF} -o out", "nothing says whom to trust", "--key ci.pub"),
    Row(f"pull {REF} -o out {TRUST} --insecure-no-verify", "with a key or policy"),
    Row(f"pull {REF} -o out {TRUST} --include none*", "nothing would be pulled.*README.md"),
    Row(f"pull {REF} -o out {TRUST} --role frob", "not a role"),
    Row(f"pull {REF} -o text.txt {TRUST}", "output is a file"),
    Row(f"pull {REF} -o text.txt/out {TRUST}", "output"),
    Row(f"pull {REF} -o nowhere {TRUST}", "link to nowhere"),
    Row(f"pull {REF} -o / {TRUST}", "root of the file system"),
    Row(f"pull {REF} -o {'n' * 300} {TRUST}", "File name too long"),
    Row(f"pull {REF} -o full {TRUST}", "holds other things", "--force"),
    Row(f"pull {REF} -o cut-lock {TRUST}", "lock.*JSON"),
    Row(f"pull {REF} -o odd-lock {TRUST}", "lock.*not valid", "pull again"),
    Row(f"pull {REF} -o model {TRUST}", "changed and would be lost|other things", "--force"),
]  # fmt: skip

WRITING: Final = [
    Row(f"push none {NEW} {SIGN}", "nothing to pack.*No such file"),
    Row(f"push ∅ {NEW} {SIGN}", "pack|file|folder"),
    Row(f"push bare {NEW} {SIGN}", "nothing to pack"),
    Row(f"push nowhere {NEW} {SIGN}", "nothing to pack"),
    Row(f"push model layout:new/fraud {SIGN}", "a push needs a version", ":1.0.0"),
    Row(f"push model layout:new/fraud@sha256:{HEX} {SIGN}", "a push needs a version"),
    *(Row(f"push model layout:new/fraud:{version} {SIGN}", "version|tag")
      for version in ("latest", "govern.line", f"sha256-{HEX}", "a+b", ".x", "x/y")),
    Row(f"push model {NEW} {SIGN} --kind cat", "'--kind': 'cat' is not one of"),
    Row(f"push model {NEW} {SIGN} --role frob", "not a role", "for example"),
    Row(f"push model {NEW} {SIGN} --role *.x=cat", "not a role"),
    Row(f"push model {NEW} {SIGN} --name A", "not a name"),
    Row(f"push model {NEW} {SIGN} --metadata none.yaml", "metadata file is not there", "govern init"),
    Row(f"push model {NEW} {SIGN} --metadata bare", "metadata file cannot be read"),
    *(Row(f"push model {NEW} {SIGN} --metadata {file}", "metadata|YAML|yaml")
      for file in ("garbage", "broken.yaml", "list.yaml", "unknown.yaml", "twice.yaml", "latin.yaml", "tag.yaml")),
    Row(f"push model {NEW} {SIGN} --input bare", "an input has no lock", "pull"),
    Row(f"push model {NEW} {SIGN} --input none", "an input has no lock"),
    Row(f"push model {NEW} {SIGN} --input cut-lock", "lock.*JSON"),
    Row(f"push cut-lock {NEW} {SIGN}", "lock.*JSON"),
    Row(f"push model {NEW} {SIGN} --policy none.yaml", "policy cannot be read"),
    Row(f"push model layout:full:1.0 {SIGN}", "not a layout and not empty"),
    Row(f"push model layout:text.txt:1.0 {SIGN} --name fraud", "layout cannot be read", code=3),
    Row(f"push model layout:text.txt/x:1.0 {SIGN}", "layout cannot be read", code=3),
    Row(f"push model {NEW} {SIGN} --reason {'r' * 10_001}", "reason.*MAX_TEXT"),
    Row(f"push model {NEW} {SIGN} --reason \udcff", "Unicode"),
    Row(f"push model {NEW} {SIGN} --reason ∅", "reason is empty"),
    Row(f"attest {REF} {SIGN} --type registration --predicate good.json", "only by its own command.*govern push"),
    Row(f"attest {REF} {SIGN} --type https://w3id.org/govern/frob/v0.1 --predicate good.json", "frob|kind"),
    Row(f"attest {REF} {SIGN} --type frob --predicate good.json", "frob"),
    Row(f"attest {REF} {SIGN} --type ∅ --predicate good.json", "type|kind"),
    Row(f"attest {REF} {SIGN} --type annotation --predicate good.json", "annotation"),
    Row(f"attest {REF} {SIGN} --type x:y --predicate none.json", "predicate cannot be read", "you may read"),
    Row(f"attest {REF} {SIGN} --type x:y --predicate bare", "predicate cannot be read"),
    Row(f"attest {REF} {SIGN} --type x:y --predicate -", "predicate"),
    Row(f"attest {REF} {SIGN} --type x:y --predicate -", "predicate", stdin=b"\xff"),
    Row(f"attest {REF} {SIGN} --type x:y --predicate list.json", "not an object", "govern writes the statement"),
    Row(f"attest {REF} {SIGN} --type x:y --predicate float.json", "the number 0.5", 'as text: "0.5"'),
    *(Row(f"attest {REF} {SIGN} --type x:y --predicate {file}", "the predicate .* not valid JSON")
      for file in ("empty", "garbage", "float.json", "twice.json", "nan.json", "deep.json", "bom.json", "cut.json",
                   "latin.json")),
    Row(f"annotate {REF} {SIGN} novalue", "not an entry.*NAME=VALUE"),
    Row(f"annotate {REF} {SIGN} =x", "not an entry"),
    Row(f"annotate {REF} {SIGN} a=1 a=2", "stands twice"),
    *(Row(f"annotate {REF} {SIGN} {word}=x", "reserved")
      for word in ("approved", "stage", "STATUS", "team.status", "risk_approved", "x/verified")),
    Row(f"annotate {REF} {SIGN} {'n' * 201}=x", "1 to 200 characters"),
    Row(f"annotate {REF} {SIGN} a=b --schema nonsense", "schema"),
    Row(f"annotate {REF} {SIGN} a=\udcff", "Unicode"),
    Row(f"annotate {REF} {SIGN} a=b --name other", "another name", "--name fraud", code=1),
    Row(f"annotate {REF} --key locked.key a=b", "encrypted", env={}),
    Row(f"annotate {REF} --key locked.key a=b --passphrase-file wrong.pass", "wrong passphrase"),
    Row("init none", "cannot be written"),
    Row("init text.txt", "cannot be written"),
    Row("init model --kind cat", "'--kind': 'cat' is not one of"),
    *(Row(f"check {file}", "YAML|yaml|metadata|kind")
      for file in ("garbage", "broken.yaml", "list.yaml", "unknown.yaml", "twice.yaml", "latin.yaml", "tag.yaml")),
    Row("check none.yaml", "not there", "govern init"),
    Row("check bare", "not there", "govern init"),
    Row("demo --output text.txt", "directory of its own.*is a file", "govern demo"),
    Row("demo --output full", "directory of its own.*not empty", "govern demo"),
    Row("demo --registry layout:x", "makes a layout by itself"),
    Row("demo --registry Nonsense", "registry|reference"),
]  # fmt: skip

SETTINGS: Final = [
    Row(f"verify {REF} {TRUST}", "GOVERN_JOBS", env={"GOVERN_JOBS": "many"}),
    Row(f"verify {REF} {TRUST}", "timeout is out of range: got -1.0", env={"GOVERN_TIMEOUT": "-1"}),
    Row(f"verify {REF} {TRUST}", "GOVERN_TIMEOUT is not a number", env={"GOVERN_TIMEOUT": "1e3"}),
    Row(f"verify {REF} {TRUST}", "jobs is out of range: got -3", env={"GOVERN_JOBS": "-3"}),
    Row(f"verify {REF} {TRUST}", "jobs is out of range", env={"GOVERN_JOBS": "99"}),
    Row(f"verify {REF} {TRUST}", "settings file is not there", env={"GOVERN_CONFIG": "none.toml"}),
    Row(f"verify {REF} {TRUST}", "settings file cannot be read", env={"GOVERN_CONFIG": "bare"}),
    Row(f"verify {REF} {TRUST}", "not TOML", env={"GOVERN_CONFIG": "garbage"}),
    Row(f"verify x:1 {TRUST}", "registry host", env={"GOVERN_REGISTRY": "https://h.example"}),
    Row("login h.example --username ci", "there is no password", "--password-stdin"),
    Row("login h.example --username ci --password-stdin", "password is empty"),
    Row("login h.example --username ci --password-stdin", "UTF-8", stdin=b"\xff\xfe\n"),
    Row("login h.example --password-stdin", "missing option '--username'", stdin=b"x"),
    *(Row(f"login {host} --username ci --password-stdin", "not a registry host", stdin=b"x")
      for host in ("https://h.example", "h.example/x", "a␠b", "∅", "h.example:99999", "user@h.example")),
    Row("login 127.0.0.1:1 --username ci --password-stdin --timeout 1", "127.0.0.1:1", "network", code=3, stdin=b"x"),
    Row("login h.example --username a:b --password-stdin", "no colon", stdin=b"x"),
    Row("logout ∅", "not a registry host"),
    Row("logout h.example", "credentials", env={"REGISTRY_AUTH_FILE": "cut.json"}),
    Row("logout h.example", "credentials", env={"REGISTRY_AUTH_FILE": "list.json"}),
    Row("logout h.example", "credentials", env={"REGISTRY_AUTH_FILE": "bare"}, code=3),
]  # fmt: skip

TOML: Final = {
    "an unknown setting": 'colour = "red"',
    "hosts that are no table": "hosts = 3",
    "a host that is no table": '[hosts]\n"h.example" = 3',
    "an unknown setting of a host": '[hosts."h.example"]\ncolour = "red"',
    "realms that are no list": '[hosts."h.example"]\ntoken_realms = "https://a.example"',
    "a realm that is no text": '[hosts."h.example"]\ntoken_realms = [1]',
    "plain_http that is text": '[hosts."h.example"]\nplain_http = "false"',
    "an authority that is no path": '[hosts."h.example"]\nca = 1',
    "referrers that are unknown": '[hosts."h.example"]\nreferrers = "none"',
    "an upload that is a list": '[hosts."h.example"]\nupload = ["whole"]',
    "a registry that is no text": "registry = 5",
    "jobs that are text": 'jobs = "4"',
    "jobs that are no number": "jobs = true",
    "a time-out that is text": 'timeout = "4"',
    "a time-out that is not a number": "timeout = nan",
}


def _words(line: str) -> list[str]:
    return [word.replace("␠", " ").replace("∅", "") for word in line.split(" ")]


def _name(row: Row) -> str:
    text = row.line if len(row.line) < 90 else row.line[:90] + "…"
    return ascii(text + "".join(f" {name}={value}" for name, value in row.env.items()))


@pytest.mark.parametrize("row", [*USAGE, *REFERENCES, *KEYS, *VERIFYING, *WRITING, *SETTINGS], ids=_name)
def test_a_wrong_command_line_is_refused_with_one_clear_error(row: Row, desk: Desk) -> None:
    before = desk.seen()
    ran = desk.run(*_words(row.line), stdin=row.stdin, env=row.env)
    check_refusal(ran.code, ran.stderr, codes={row.code}, says=f"(?is){row.says}", hint=row.hint)
    assert ran.stdout == ""
    assert desk.seen() == before


@pytest.mark.parametrize("text", TOML.values(), ids=TOML)
def test_wrong_settings_are_refused_by_name(text: str, desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    ran = desk.run("verify", REF, "--key", "ci.pub", env={"GOVERN_CONFIG": str(file)})
    check_refusal(ran.code, ran.stderr, codes={2}, says="colour|hosts|h.example|registry|jobs|timeout")


def test_what_the_rows_refuse_is_right_without_the_fault(desk: Desk, tmp_path: Path) -> None:
    for line in (f"verify {REF} {TRUST}", f"verify {REF} --policy wide.yaml", f"records {REF} {TRUST}", f"show {REF}"):
        assert desk.run(*_words(line)).code == 0, line
    # A new name in the same layout is another matter, so what writes goes elsewhere.
    new = f"layout:{tmp_path}/fraud:1.0"
    for line in (
        f"push model {new} --key locked.key",
        f"annotate {new} {SIGN} team=risk",
        f"attest {new} {SIGN} --type x:y --predicate good.json",
        f"pull {new} -o {tmp_path}/out --key locked.pub",
        f"key generate --output {tmp_path}/fresh --no-passphrase",
        "policy check wide.yaml",
    ):
        ran = desk.run(*_words(line), env={"GOVERN_KEY_PASSPHRASE": PASSPHRASE})
        assert ran.code == 0, (line, ran.stderr)
