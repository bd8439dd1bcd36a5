"""What the README shows with a Sigstore, a log and a timestamp authority is executed here."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

from support.sigstore.stack import Sigstore

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"<!-- runs: services -->\n```console\n(.*?)```", re.DOTALL)


def test_what_is_shown_with_services_comes_out_as_shown(sigstore: Sigstore, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "govern", "demo"], cwd=tmp_path, check=True, capture_output=True)
    demo = tmp_path / "govern-demo"
    (demo / "sigstore.json").write_bytes(sigstore.client_trust_config.read_bytes())
    (demo / "trusted_root.json").write_bytes(sigstore.trusted_root.read_bytes())
    (demo / "token").write_text(sigstore.token("ci"))
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    said = {
        "SUBJECT": sigstore.san("ci"),
        "ISSUER": sigstore.issuer("ci"),
        "TSA": sigstore.tsa,
        "REKOR": sigstore.rekor,
        "GOVERN_KEY_PASSPHRASE": "demo",
    }
    (body,) = BLOCK.findall(README.read_text(encoding="utf-8"))
    shown, came = "", ""
    for line in body.splitlines(keepends=True):
        shown += line
        if not line.startswith("$ "):
            continue
        done = subprocess.run(
            ["bash", "-c", f"cd {shlex.quote(str(demo))}; {line[2:]}"],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": path, "HOME": str(tmp_path), **said},
        )
        came += line + done.stdout + done.stderr
    assert came == shown
