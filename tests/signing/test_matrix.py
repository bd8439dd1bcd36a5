"""Every signer × every verifier."""

from __future__ import annotations
import dataclasses, json, os, time
from collections.abc import Iterator
import pytest
from support.matrix.setting import NAME, Setting, Signed, Who, make_stranger
from support.matrix.signers import SIGNERS, sign_all, write_predicate, pair_of
from support.matrix.verifiers import VERIFIERS
from support.sigstore.pki import make_chain


@pytest.fixture(scope="session")
def setting(tmp_path_factory, sigstore, distribution, cosign, oms, js, _hsm) -> Iterator[Setting]:
    root = tmp_path_factory.mktemp("matrix")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(root))
        model = root / "model"
        model.mkdir()
        (model / "README.md").write_text("a model\n")
        (model / "weights.bin").write_bytes(bytes(range(256)))
        hsm, keys = _hsm
        bare = Setting(root, sigstore, distribution, cosign, oms, js, hsm, keys["ci"], make_chain(),
            make_stranger(root / "stranger", sigstore), model)
        write_predicate(bare)
        base = bare.govern("push", model, bare.free(), "--name", NAME, "--key", pair_of(bare, "base").with_suffix(".key"))
        yield dataclasses.replace(bare, base=base)


@pytest.fixture(scope="session")
def signed(setting: Setting) -> dict[str, Signed]:
    t = time.time()
    out = {}
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(8) as pool:
        made = {name: pool.submit(sign, setting) for name, sign in SIGNERS.items()}
        for name, one in made.items():
            try: out[name] = one.result()
            except BaseException as e: print("SIGN FAILED", name, str(e)[-1500:])
    print("signed in", time.time() - t)
    return out


def test_explore(setting, signed):
    from concurrent.futures import ThreadPoolExecutor
    for name, one in signed.items():
        for vname, v in VERIFIERS.items():
            if v.of_models and one.folder is None: continue
            t = time.time()
            try:
                verdict = v.ask(setting, one, one.who)
                neg = [] 
                if verdict.accepted and os.environ.get("NEG"):
                    neg = [(l, v.ask(setting, one, w).accepted) for l, w in one.who.others(setting.stranger, anchored=v.anchored)]
                print(f"{name:28} {vname:24} {'YES' if verdict.accepted else 'no'} {time.time()-t:.2f} {neg} {'' if verdict.accepted else verdict.said[-260:]!r}")
            except BaseException as e:
                print(f"{name:28} {vname:24} ERR {type(e).__name__} {str(e)[-400:]!r}")
