"""OpenSSF model signatures, held against the manifest: does one speak of exactly these files?"""

from __future__ import annotations

from collections.abc import Iterator

from support.verify_vectors.artifacts import Model, oms, subject
from support.verify_vectors.bundles import Json, bundle
from support.verify_vectors.case import Case, Outcome, by_key
from support.verify_vectors.layouts import Layout

FILES = {"config.json": b"{}\n", "weights.bin": b"1.4.0"}
MODEL = Model(files=FILES)


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    whole = "OMS v1.0, spec §6 and §8"
    yield _case(
        "oms",
        "An OpenSSF model signature of exactly these files, made by others.",
        whole,
        oms(FILES),
        "the 2 files of",
        outcome="allowed",
    )
    swapped = {"config.json": FILES["weights.bin"], "weights.bin": FILES["config.json"]}
    yield _case(
        "oms-swapped-names",
        "The signature is of the same two contents with their names swapped: file names are not in OMS's root.",
        whole,
        oms(swapped),
        "other bytes in",
    )
    resources = oms(FILES)["predicate"]["resources"]
    renamed = [resources[0] | {"name": "weights.bin"}, resources[1] | {"name": "config.json"}]
    yield _case(
        "oms-swapped-names-same-root",
        "The names are swapped and the resources stay in order: the root is equal.",
        whole,
        oms(FILES, resources=renamed),
        "OpenSSF model signature",
    )
    yield _case(
        "oms-of-other-bytes",
        "The signature is of another version's weights under the same names.",
        whole,
        oms(FILES | {"weights.bin": b"1.3.0"}),
        "other bytes in 'weights.bin'",
    )
    yield _case(
        "oms-of-fewer-files",
        "The signature leaves out a file that the artifact has.",
        whole,
        oms({"weights.bin": FILES["weights.bin"]}),
        "not signed: 'config.json'",
    )
    yield _case(
        "oms-ignores-a-file",
        "The signer chose to ignore a file of the artifact, so nobody vouches for it.",
        whole,
        oms({"weights.bin": FILES["weights.bin"]}, ignore_paths=["config.json"]),
        "not signed: 'config.json'",
    )
    yield _case(
        "oms-of-more-files",
        "The signature names a file that the artifact does not have.",
        whole,
        oms(FILES | {"z.bin": b"z"}),
        "not in the artifact: 'z.bin'",
    )
    yield _case(
        "oms-root-of-other-files",
        "The root digest is not that of the files that the signature lists.",
        whole,
        oms(FILES, root="00" * 32),
        "root digest",
    )
    yield _case(
        "oms-root-is-this-artifact",
        "The subject is this manifest's digest, and the files are another model's.",
        whole,
        oms({"weights.bin": b"evil!"}, root=MODEL.digest.encoded),
        "root digest",
    )
    yield _case(
        "oms-file-twice",
        "A file is listed twice, with two digests.",
        whole,
        oms(FILES, resources=[*resources, resources[1] | {"digest": "00" * 32}]),
        "twice",
    )
    yield _case(
        "oms-out-of-order",
        "The files are out of order, so that a reader who sorts gets another root.",
        whole,
        oms(FILES, resources=resources[::-1]),
        "not in order",
    )
    yield _case(
        "oms-upwards",
        "A listed name leads out of the directory.",
        whole,
        oms({"../evil": b"e"} | FILES),
        "has a path that an artifact cannot hold",
    )
    yield _case(
        "oms-of-shards",
        "The files are signed in parts, which a manifest does not know.",
        whole,
        oms(FILES, method="shards", shard_size=1000),
        "parts of files",
    )
    yield _case(
        "oms-of-another-hash",
        "The files are signed by a digest that the manifest does not have.",
        whole,
        oms(FILES, hash_type="blake3", resources=[one | {"algorithm": "blake3"} for one in resources]),
        "digest that a manifest does not have",
    )
    two = oms(FILES)
    yield _case(
        "oms-two-subjects",
        "The signature has this artifact as a second subject.",
        whole,
        two | {"subject": [*two["subject"], subject("fraud", MODEL.digest)]},
        "another shape",
    )
    yield _case(
        "oms-of-no-files",
        "The signature is of no files at all, and the artifact holds all of them.",
        whole,
        oms({}, resources=[], root="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        "OpenSSF model signature",
    )


def _case(name: str, sentence: str, source: str, said: Json, *says: str, outcome: Outcome = "denied") -> Case:
    layout = Layout().model(MODEL).attach(bundle(said), MODEL.digest)
    return Case(name, sentence, source, layout, by_key(require=["oms"]), outcome, says)
