"""Of a command line and of parameters only what cannot be a secret stays."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from govern.capture.command import clean_command, clean_parameters
from govern.capture.redact import REDACTED

KNOWN = frozenset({"data/train.csv", "model"})
WORD = st.text(string.ascii_letters + string.digits + "!#%+.,:@^_=/-", min_size=8, max_size=30).map(
    lambda body: f"p4ss{body}w0rd"
)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("python src/train.py --lr 0.01 --epochs 10 data/train.csv", None),
        ("python -m acme.train --out model", None),
        ("bash prepare.sh && bash run.sh", None),
        ("python train.py --config=conf/a.yaml --lr=1e-4", None),
        ("python train.py --password hunter2", "python train.py --password [redacted]"),
        ("python train.py --api-key=hunter2 model", "python train.py --api-key=[redacted] model"),
        ("python train.py --name hunter2", "python train.py --name [redacted]"),
        ("python train.py --pin 1234", "python train.py --pin [redacted]"),
        ("mysql -phunter2 -u anna", "mysql -p[redacted] -u [redacted]"),
        ("tool -p 1234", "tool -p [redacted]"),
        ("TOKEN=hunter2 X=1 python train.py", "[redacted] python train.py"),
        ("curl -H 'Authorization: Bearer hunter2' https://u:p@x.example", "curl -H [redacted]"),
        ("bash -c 'export A=hunter2; python train.py'", "bash -c [redacted]"),
        ("python /home/anna/train.py", "python [redacted]"),
        ("deploy 123456", "deploy [redacted]"),
        ("python train.py ghp_" + "a" * 36, REDACTED),
        ("python 'unfinished", REDACTED),
        ("x" * 20_000, REDACTED),
        ("", ""),
    ],
)
def test_a_word_stays_where_its_form_says_what_it_is(command, said):
    assert clean_command(command, KNOWN) == (command if said is None else said)


@given(secret=WORD, template=st.sampled_from([
    "python train.py {}", "python train.py --password {}", "python train.py --x={}", "A={} python train.py",
    "curl -u anna:{} x", "curl https://anna:{}@x.example/a", "tool -p{}", "tool -p {}", "tool --header 'X: {}' y",
    "a && b {} | c", 'sh -c "x {}"', "tool {} {}", "tool data/train.csv {}", "git commit -m {}",
]))  # fmt: skip
@example(secret="p4ss/a.pyw0rd", template="git commit -m {}")
def test_no_password_stays_wherever_it_stands(secret, template):
    assert secret not in clean_command(template.replace("{}", secret), KNOWN)


def test_parameters_have_dotted_names_and_keep_their_letters():
    value = {"train": {"lr": "0.01", "layers": [64, 32], "opt": "adam", "on": True, "none": None}, "seed": 42}
    assert dict(clean_parameters(value)) == {
        "train.lr": "0.01", "train.layers.0": 64, "train.layers.1": 32, "train.opt": "adam", "train.on": True,
        "seed": 42,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [("db.password", "hunter"), ("db.pw", 1234), ("api_key", "abc"), ("wandb_token", "abc"), ("dsn", "host=a;pwd=b"),
     ("x", "A1b2C3d4E5f6G7h8I9j0K1"), ("x", "hf_" + "a" * 34), ("owner_mail", "anna")],
)  # fmt: skip
def test_a_parameter_that_may_be_a_secret_is_redacted(name, value):
    assert dict(clean_parameters({name: value})) == {name: REDACTED}


def test_an_address_loses_its_password_and_a_very_long_number_is_none():
    assert dict(clean_parameters({"url": "postgres://anna:geheim@db.example.com/x", "n": 10**16})) == {
        "url": "postgres://db.example.com/x",
        "n": REDACTED,
    }
