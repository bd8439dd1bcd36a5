"""Whatever can be written reads back as itself, and exact bytes survive."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from govern.errors import InvalidInput
from govern.intoto import base64
from govern.intoto.bundle import read_bundle
from govern.intoto.bundle_writer import write_key_bundle
from govern.intoto.dsse import Envelope, Signature, read_envelope
from govern.intoto.statement import read_statement, write_statement
from govern.line import line_of
from govern.names import Name, SubjectName, Version, is_repository, is_tag
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, read_manifest
from govern.oci.media_types import IMAGE_MANIFEST
from govern.oci.reference import LayoutPlace, Reference, RegistryPlace, parse
from govern.policy.model import matches
from govern.predicates.kinds import Wrapping
from govern.times import read_time, write_time
from govern.trust.wrapping import read_wrapper, wrap_record

SEGMENTS = st.from_regex(r"[a-z0-9]+(?:(?:\.|_|__|-{1,3})[a-z0-9]+){0,2}", fullmatch=True)
REPOSITORIES = st.lists(SEGMENTS, min_size=1, max_size=4).map("/".join)
NAMES = REPOSITORIES.filter(lambda text: len(text) <= 200)
TAGS = st.from_regex(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}", fullmatch=True)
DIGESTS = st.sampled_from(["sha256", "sha512"]).flatmap(
    lambda name: st.binary(max_size=8).map(lambda data: Digest(f"{name}:{hashlib.new(name, data).hexdigest()}"))
)
SHA256 = st.binary(max_size=8).map(Digest.of)
LABELS = st.from_regex(r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,8}[a-zA-Z0-9])?", fullmatch=True)
PORTS = st.integers(1, 65_535)
HOSTS = st.one_of(
    st.just("localhost"),
    st.builds(lambda port: f"localhost:{port}", PORTS),
    st.lists(LABELS, min_size=2, max_size=4).map(".".join),
    st.builds(lambda label, port: f"{label}:{port}", LABELS, PORTS),
    st.builds(lambda port: f"[::1]:{port}", PORTS),
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
PATHS = st.text(st.characters(exclude_characters="\x00:@", exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(HOSTS, REPOSITORIES, st.none() | TAGS, st.none() | DIGESTS)
def test_a_reference_reads_as_it_is_written(host, repository, tag, digest):
    # However a host is spelled, it is one host: a policy's `lines` must find it.
    read = parse(str(Reference(RegistryPlace(host, repository), tag, digest)))
    typed = Reference(RegistryPlace(host.lower(), repository), tag, digest)
    assert parse(str(read)) == read
    if not host.lower().endswith("docker.io"):
        assert read == typed
        assert parse(str(read), default_registry="elsewhere.example.com/team") == typed


@given(PATHS, st.none() | TAGS, st.none() | DIGESTS)
def test_a_reference_to_a_layout_reads_as_it_is_written(path, tag, digest):
    typed = Reference(LayoutPlace(path), tag, digest)
    assert parse(str(typed)) == typed


@given(st.text(max_size=60) | st.builds("{}{}{}{}".format, HOSTS, st.sampled_from("/:@ "), REPOSITORIES,
st.sampled_from(["", ":", "@", ":t", "/"])))  # fmt: skip
def test_any_text_is_a_reference_that_reads_back_or_is_refused(text):
    for typed in (text, "layout:" + text):
        try:
            read = parse(typed)
        except InvalidInput:
            continue
        assert parse(str(read)) == read


@given(DIGESTS)
def test_a_digest_reads_as_it_is_written(digest):
    assert Digest(str(digest)) == digest
    assert Digest(f"{digest.algorithm}:{digest.encoded}") == digest


@given(NAMES, st.none() | TAGS)
def test_a_subject_name_reads_as_it_is_written(name, version):
    typed = SubjectName(Name(name), version)
    assert SubjectName.parse(str(typed)) == typed


@given(st.text(max_size=50) | NAMES | TAGS)
def test_a_name_and_a_version_are_the_text_they_were_read_from(text):
    for kind, grammar in ((Name, is_repository), (Version, is_tag)):
        try:
            read = kind(text)
        except InvalidInput:
            continue
        assert read == text
        assert grammar(text)


@given(st.lists(NAMES, min_size=2, max_size=5, unique=True))
def test_no_two_names_share_a_line(names):
    assert len({line_of(Name(name)).digest for name in names}) == len(names)


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)))
def test_a_time_reads_as_it_is_written(moment):
    assert read_time(write_time(moment)) == moment.replace(microsecond=0)
    assert write_time(read_time(write_time(moment))) == write_time(moment)


@given(st.binary())
def test_base64_has_one_text(data):
    assert base64.decode(base64.encode(data), "it") == data


@given(st.text("ABCDwxyz0189+/=-_ \n", max_size=12) | st.text(max_size=8))
def test_any_text_is_the_one_base64_of_its_bytes_or_refused(text):
    try:
        data = base64.decode(text, "it")
    except InvalidInput:
        return
    assert base64.encode(data) == text


SIGNATURES = st.builds(Signature, st.binary(min_size=1), TEXT)
ENVELOPES = st.builds(Envelope, st.binary(), TEXT.filter(bool), st.lists(SIGNATURES, min_size=1, max_size=3).map(tuple))


@given(ENVELOPES)
def test_an_envelope_reads_as_it_is_written(envelope):
    assert read_envelope(envelope.to_json()) == envelope


@given(st.binary(), TEXT.filter(bool), st.binary(min_size=1), TEXT)
def test_a_bundle_reads_as_it_is_written(payload, payload_type, sig, hint):
    bundle = write_key_bundle(Envelope(payload, payload_type, (Signature(sig),)), hint)
    again = read_bundle(bundle.data)
    assert again == bundle
    assert (again.data, again.envelope.payload) == (bundle.data, payload)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.tuples(TEXT, SHA256), min_size=1, max_size=3),
    TEXT.filter(bool),
    st.dictionaries(TEXT, JSON, max_size=3),
)
def test_a_statement_reads_as_it_is_written(subjects, kind, predicate):
    written = write_statement(subjects, kind, predicate)
    read = read_statement(written.data)
    assert read == written
    assert [(one.name, one.sha256) for one in read.subjects] == [(name, digest.encoded) for name, digest in subjects]
    assert dict(read.predicate) == predicate


@given(st.sampled_from(list(Wrapping)), st.binary(), st.binary(), TEXT, TEXT)
def test_a_wrapper_reads_as_it_is_written(wrapping, subject, bundle, kind, created):
    descriptor = Descriptor.of(subject, IMAGE_MANIFEST)
    raw = wrap_record(descriptor, bundle, predicate_type=kind, created=created, wrapping=wrapping)
    read = read_wrapper(raw)
    assert read is not None
    assert (read.subject, read.bundle.check(bundle, "it"), read.raw) == (descriptor.id, bundle, raw)
    assert {kind, created} <= set(read.annotations.values())


@given(st.text(" \n\t\r", max_size=5), st.binary(max_size=20))
def test_a_manifest_keeps_the_bytes_it_was_read_from(space, data):
    descriptor = Descriptor.of(data, "a/b")
    text = (
        f'{space}{{"schemaVersion":2,{space}"config":{descriptor.model_dump_json(by_alias=True)},"layers":[]}}{space}'
    )
    raw = RawManifest(IMAGE_MANIFEST, text.encode())
    assert read_manifest(raw).config.id == descriptor.id
    assert raw.descriptor.check(raw.data, "it") == text.encode()


@given(NAMES, NAMES)
def test_a_pattern_takes_what_is_below_it_and_nothing_beside_it(stem, rest):
    assert matches(f"{stem}/**", f"{stem}/{rest}")
    assert not matches(f"{stem}/**", stem)
    assert matches("**", stem)
    assert matches(stem, rest) == (stem == rest)
    assert matches(f"{stem}/**", rest) == rest.startswith(f"{stem}/")
