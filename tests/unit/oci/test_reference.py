"""References: what a person may type, and what it means (FORMAT §1)."""

from __future__ import annotations

import pytest

from govern.errors import Denied, UsageError
from govern.oci.digest import Digest
from govern.oci.reference import LayoutPlace, Pinned, Reference, RegistryPlace, name_of, parse

DIGEST = Digest("sha256:" + "a" * 64)


@pytest.mark.parametrize(
    ("text", "host", "repository", "tag", "digest"),
    [
        ("r.example.com/acme/fraud:1.4.0", "r.example.com", "acme/fraud", "1.4.0", None),
        ("r.example.com/acme/fraud", "r.example.com", "acme/fraud", None, None),
        (f"r.example.com/a@{DIGEST}", "r.example.com", "a", None, DIGEST),
        (f"r.example.com/a:t@{DIGEST}", "r.example.com", "a", "t", DIGEST),
        ("localhost/a:1", "localhost", "a", "1", None),
        ("localhost:5000/a", "localhost:5000", "a", None, None),
        ("host:5000/a/b:1", "host:5000", "a/b", "1", None),
        ("[::1]:5000/a:1", "[::1]:5000", "a", "1", None),
        ("[::1]/a", "[::1]", "a", None, None),
        ("10.0.0.1/a", "10.0.0.1", "a", None, None),
        ("docker.io/x", "docker.io", "library/x", None, None),
        ("docker.io/x/y", "docker.io", "x/y", None, None),
        ("index.docker.io/x:1", "docker.io", "library/x", "1", None),
        ("registry-1.docker.io/x/y", "docker.io", "x/y", None, None),
    ],
)
def test_a_reference_to_a_registry_is_read(text, host, repository, tag, digest):
    assert parse(text) == Reference(RegistryPlace(host, repository), tag, digest)
    assert parse(str(parse(text))) == parse(text)


@pytest.mark.parametrize(
    ("text", "path", "tag", "digest"),
    [
        ("layout:store", "store", None, None),
        ("layout:./store:1.4.0", "./store", "1.4.0", None),
        ("layout:/a/b.c/fraud:1", "/a/b.c/fraud", "1", None),
        ("layout:a:b/c", "a:b/c", None, None),
        ("layout:a:b/c:t", "a:b/c", "t", None),
        ("layout:C:x:t", "C:x", "t", None),
        (f"layout:./store@{DIGEST}", "./store", None, DIGEST),
        (f"layout:a@b@{DIGEST}", "a@b", None, DIGEST),
        ("layout:my store/fraud:1", "my store/fraud", "1", None),
        ("layout:../x", "../x", None, None),
    ],
)
def test_a_reference_to_a_layout_is_split_at_the_last_colon_after_the_last_slash(text, path, tag, digest):
    assert parse(text) == Reference(LayoutPlace(path), tag, digest)
    assert parse(str(parse(text))) == parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "fraud", "acme/fraud:1", "fraud:1", f"@{DIGEST}", "localhost", "localhost:5000", "r.example.com",
        "r.example.com/",
        "r.example.com/A", "r.example.com/a:", "r.example.com/a:+", "r.example.com/a:1+cu", "r.example.com/a:b:c",
        "r.example.com//a",
        "r.example.com/a/", "r.example.com/a@", "r.example.com/a@sha256:abc", f"r.example.com/a@{DIGEST}@{DIGEST}",
        f"user@r.example.com/a@{DIGEST}", "user:pw@r.example.com/a", "https://r.example.com/a", "oci://r.example.com/a",
        " r.example.com/a", "r.example.com/a ", "r.example.com/a\n", "r.example.com/a\x00",
        "r.example.com/a:\x1b[31m", "-r.example.com/a",
        "r..example.com/a", "./a", "../a", "/a/b", "r.example.com:port/a", "r.example.com:/a",
        "r.example.com:123456/a", "[::1/a", "r.é.com/a",
        "r.example.com/a:" + "x" * 129, "r.example.com/../a", "layout:", "layout:x:", "layout:x:+", "layout:\x00",
        "layout::x",
        "layout:x@sha256:abc", "layout:x@sha512:" + "a" * 64, f"layout:x@sha256:{'A' * 64}",
    ],
)  # fmt: skip
def test_what_is_no_reference_is_wrong_usage(text):
    with pytest.raises(UsageError):
        parse(text)


@pytest.mark.parametrize("default", ["r.example.com", "r.example.com/team", "localhost:5000"])
def test_a_default_registry_completes_a_name_without_a_host(default):
    assert str(parse("acme/fraud:1", default_registry=default)) == f"{default}/acme/fraud:1"
    assert str(parse(f"fraud@{DIGEST}", default_registry=default)) == f"{default}/fraud@{DIGEST}"
    assert str(parse("other.example.com/x", default_registry=default)) == "other.example.com/x"
    assert str(parse("layout:x", default_registry=default)) == "layout:x"


def test_a_default_of_docker_hub_means_its_library():
    assert str(parse("x:1", default_registry="docker.io")) == "docker.io/library/x:1"


def test_without_a_registry_nothing_falls_back_to_the_laptop():
    with pytest.raises(UsageError, match="no registry"):
        parse("acme/fraud")


def test_the_hint_of_a_missing_registry_repeats_what_was_typed():
    with pytest.raises(UsageError) as refused:
        parse("fraud:1")
    assert "layout:./store/fraud:1" in refused.value.hint


def test_a_plus_in_a_tag_comes_with_the_tag_that_would_do():
    with pytest.raises(UsageError) as refused:
        parse("r.example.com/a:1+cu128")
    assert "'1-cu128'" in refused.value.hint


def test_a_layout_without_a_path_is_no_reference():
    with pytest.raises(UsageError):
        parse(f"layout:@{DIGEST}")


def test_a_layout_with_a_tag_and_a_digest_is_not_another_directory():
    try:
        read = parse(f"layout:./store:1.4.0@{DIGEST}")
    except UsageError:
        return
    assert read.place == LayoutPlace("./store")


@pytest.mark.parametrize("port", ["0", "65536", "99999"])
def test_a_port_that_no_host_has_is_refused(port):
    with pytest.raises(UsageError):
        parse(f"r.example.com:{port}/a")


@pytest.mark.parametrize(
    ("place", "absolute", "name"),
    [
        (RegistryPlace("r.example.com:5000", "acme/fraud"), "", "acme/fraud"),
        (LayoutPlace("./x/fraud"), "", "fraud"),
        (LayoutPlace("."), "/home/anna/fraud", "fraud"),
        (LayoutPlace("/a/fraud/"), "", "fraud"),
    ],
)
def test_a_place_has_a_name(place, absolute, name):
    assert name_of(place, absolute=absolute) == name


@pytest.mark.parametrize(
    ("place", "absolute"),
    [(LayoutPlace("."), ""), (LayoutPlace("/x/Fraud"), ""), (LayoutPlace("/"), ""), (LayoutPlace("a"), "/x/my model")],
)
def test_a_directory_whose_name_is_none_needs_one(place, absolute):
    with pytest.raises(UsageError) as refused:
        name_of(place, absolute=absolute)
    assert "--name" in refused.value.hint
    with pytest.raises(Denied):
        name_of(place, absolute=absolute, error=Denied)


def test_what_is_pinned_is_written_by_its_digest():
    pinned = Pinned(RegistryPlace("h.example", "a"), DIGEST, "1")
    assert str(pinned) == f"h.example/a@{DIGEST}"
    assert str(Reference(pinned.place, "1", DIGEST).without_version()) == "h.example/a"


@pytest.mark.parametrize("text", ["localhost", "localhost:5000", "127.0.0.1:5000", "r.example.com:443"])
def test_a_host_without_a_repository_is_called_one(text):
    with pytest.raises(UsageError, match="no repository") as caught:
        parse(text)
    assert f"{text}/" in caught.value.hint


def test_a_name_with_a_point_and_a_version_is_no_host():
    with pytest.raises(UsageError, match="no registry"):
        parse("fraud.eu:1.0")
