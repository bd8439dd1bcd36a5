"""The reference part of the README, generated from the code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from govern.artifact.metadata.model import MetadataFile
from govern.artifact.roles import TABLE
from govern.policy.file import PolicyFile
from govern.predicates.kinds import ALIASES, OMS_V1, OURS, SLSA_V1


def reference_text(commands: Mapping[str, str]) -> str:
    """Return the Markdown of the reference.

    Args:
        commands: name → help, in the order of `govern --help`.
    """
    return "\n".join(_lines(commands))


def _lines(commands: Mapping[str, str]) -> Iterator[str]:
    yield "### Commands"
    yield ""
    yield "| command | what it does |"
    yield "|---|---|"
    for name, text in commands.items():
        yield f"| `govern {name}` | {text} |"
    yield ""
    yield "`govern COMMAND --help` shows the options. stdout is data, stderr is everything else. `--format json` is one"
    yield "object, versioned, with a schema in `schemas/output/`; a refusal is one too. `govern --install-completion`"
    yield "lets bash, zsh, fish and PowerShell complete commands and options."
    yield ""
    yield "| exit code | meaning |"
    yield "|---|---|"
    yield "| 0 | done, or allowed |"
    yield "| 1 | denied: the answer is no, or bytes are not what their digest says |"
    yield "| 2 | wrong usage, or a file of yours that is not what it must be |"
    yield "| 3 | undecided: nobody can say; never a yes |"
    yield "| 70 | our bug |"
    yield "| 130 | interrupted |"
    yield ""
    yield "### Record kinds"
    yield ""
    yield "| word | predicate type | written by |"
    yield "|---|---|---|"
    for kind in OURS.values():
        verb = kind.own_verb or ("annotate" if kind.word == "annotation" else "attest")
        yield f"| `{kind.word}` | `{kind.uri}` | `govern {verb}` |"
    for word, uri in ALIASES.items():
        yield f"| `{word}` | `{uri}` | {_WRITERS.get(uri, '`govern attest`')} |"
    yield ""
    yield "### Roles of files"
    yield ""
    yield "The first row that matches says what a file of a model is; `--role PATTERN=ROLE` overrides."
    yield ""
    yield "| a file that is, or has | role |"
    yield "|---|---|"
    for rule in TABLE:
        yield f"| {rule.what} | `{rule.role}` |"
    yield ""
    yield "`PATTERN` in `--include`, `--role` and `--allow-secret` is a shell pattern for the whole path inside the"
    yield "directory: `*` matches any letters, `/` too. `.governignore` in the directory names what is not packed, as"
    yield "`.gitignore` does; version control, caches and `__pycache__` never are."
    yield ""
    yield "### govern.yaml"
    yield ""
    yield from _fields(MetadataFile, {})
    yield ""
    yield "### Policy"
    yield ""
    yield from _fields(PolicyFile, {"people": "Id to who it is.", "roles": "Role to what its members may sign."})
    yield ""
    yield "### Settings"
    yield ""
    yield "A flag beats the environment, which beats the file `GOVERN_CONFIG`, else `govern/config.toml` under"
    yield "`XDG_CONFIG_HOME` or `~/.config`."
    yield ""
    yield "| variable | meaning |"
    yield "|---|---|"
    for variable, meaning in VARIABLES:
        yield f"| `{variable}` | {meaning} |"
    yield ""
    yield "```toml"
    yield EXAMPLE.strip()
    yield "```"
    yield ""
    yield "Bounds on untrusted input have names; a refusal says which. They are in `src/govern/limits.py`."


def _fields(model: type[BaseModel], missing: Mapping[str, str]) -> Iterator[str]:
    yield "| field | meaning |"
    yield "|---|---|"
    seen: dict[type[BaseModel], str] = {}
    yield from _rows(model, "", seen, missing)


def _rows(
    model: type[BaseModel], prefix: str, seen: dict[type[BaseModel], str], missing: Mapping[str, str]
) -> Iterator[str]:
    for name, field in model.model_fields.items():
        many = "[]" if get_origin(_bare(field.annotation)) is tuple else ""
        named = ".ID" if get_origin(_bare(field.annotation)) is dict else ""
        inner = next(_models(field.annotation), None)
        meaning = field.description or missing.get(name) or (inner.__doc__ if inner else "") or ""
        # As people write it: `revokedFrom` in a policy, and names as they are in govern.yaml.
        place = f"{prefix}{field.validation_alias or name}"
        words = [f"`{word}`" for one in _literals(field.annotation) for word in get_args(one)]
        if len(words) > 1:
            meaning += f" One of {', '.join(words)}."
        if inner in seen:
            meaning += f" As `{seen[inner]}`."
        yield f"| `{place}` | {meaning} |"
        if inner is not None and inner not in seen:
            seen[inner] = place
            yield from _rows(inner, f"{place}{many}{named}.", seen, missing)


def _bare(annotation: Any) -> Any:
    """Return what an optional annotation is where it is there."""
    return next((one for one in get_args(annotation) if get_origin(one) is tuple), annotation)


def _literals(annotation: Any) -> Iterator[Any]:
    """Return the closed lists of words inside of an annotation."""
    if get_origin(annotation) is Literal:
        yield annotation
    for one in get_args(annotation):
        yield from _literals(one)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Return the models inside of an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for one in get_args(annotation):
        yield from _models(one)


_WRITERS = {
    SLSA_V1: "`govern push`, `govern attest`",
    OMS_V1: "`govern push`; what `model_signing` wrote: `govern attest --import`",
}

VARIABLES = (
    ("GOVERN_KEY_PASSPHRASE, COSIGN_PASSWORD", "passphrase of the signing key; the first that is set"),
    ("GOVERN_HSM_PIN, COSIGN_PKCS11_PIN", "PIN of a token; the first that is set"),
    ("GOVERN_PKCS11_MODULE, PYKCS11LIB, COSIGN_PKCS11_MODULE_PATH", "the token's PKCS #11 library"),
    ("SIGSTORE_ID_TOKEN", "the identity token of `--keyless`"),
    ("GOVERN_POLICY", "the policy to decide under"),
    ("GOVERN_REGISTRY", "`HOST` or `HOST/PREFIX` that completes names without a host"),
    ("GOVERN_AUTH_HOST, GOVERN_AUTH_USERNAME, GOVERN_AUTH_PASSWORD, GOVERN_AUTH_TOKEN", "credentials of one registry"),
    ("DOCKER_CONFIG, REGISTRY_AUTH_FILE", "where Docker's and Podman's credentials are"),
    ("GOVERN_CONFIG", "the settings file"),
    ("GOVERN_CACHE_DIR", "what can be had again; else `govern` under `XDG_CACHE_HOME` or `~/.cache`"),
    ("GOVERN_STATE_DIR", "the journal of pushes; else `govern` under `XDG_STATE_HOME`, else none"),
    ("GOVERN_JOBS, GOVERN_TIMEOUT", "transfers at once; seconds without a byte"),
    ("HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "proxies"),
    ("GOVERN_TRACEBACK", "`1` shows the traceback of a bug"),
)

EXAMPLE = """
registry = "registry.example.com/models"
jobs = 4
timeout = 60

[hosts."registry.example.com"]
token_realms = ["https://auth.example.com/token"]  # may have this registry's credentials
ca = "/etc/ssl/example.pem"
client_cert = "/etc/govern/client.pem"
client_key = "/etc/govern/client.key"
plain_http = false
referrers = "auto"  # auto, api or tags
upload = "auto"     # auto, whole or chunks
"""
