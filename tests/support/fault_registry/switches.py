"""What the fault registry can be told to do wrong. Nothing set means: as the distribution spec 1.1 says.

A switch that is a regular expression acts on the requests whose path with query it is found in (`re.search`); empty
is off. Switches may be turned while the registry runs; `times` counts down as the fault happens.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Literal


@dataclass(slots=True)
class Burst:
    """Answers `status` to the next `times` requests of `method` whose path matches, without looking at them.

    Args:
        status: the status code.
        times: for how many requests; counts down.
        method: a regular expression that the method matches in full.
        path: a regular expression found in the path.
        retry_after: the `Retry-After` header, seconds or a date; empty for none.
        early: answer before the body was read, and close the connection.
    """

    status: int
    times: int
    method: str = ".*"
    path: str = ""
    retry_after: str = ""
    early: bool = False


@dataclass(slots=True)
class Cut:
    """Closes the connection after `after` bytes of a body, in the next `times` transfers that match.

    Args:
        after: bytes of the body that still pass.
        times: for how many transfers; counts down.
        path: a regular expression found in the path.
        reset: end with a TCP reset instead of an orderly close.
        keeps: whether an upload that was cut keeps the bytes that came; otherwise its session is gone.
    """

    after: int
    times: int = 1
    path: str = "/blobs/"
    reset: bool = False
    keeps: bool = True


@dataclass(slots=True)
class Hold:
    """Answers nothing more once `after` requests that match have come, so that a client stands still there.

    The client may then be killed at a known point. A request that is held when the registry ends, or when it is
    let go, is dropped.

    Args:
        after: how many still pass; counts down.
        method: a regular expression that the method matches in full.
        path: a regular expression found in the path.
        served: whether the first request that is held takes effect before it is held.
        body_bytes: with `served`, bytes of the answer's body that still go.
        held: set when the client stands still.
        let_go: set it to drop what is held.
    """

    after: int
    method: str = ".*"
    path: str = ""
    served: bool = False
    body_bytes: int = 0
    held: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True)
class Switches:
    """Every fault and quirk, each off unless its sentence says otherwise."""

    # --- any request -----------------------------------------------------------------------------
    status_burst: list[Burst] = field(default_factory=list)
    """Requests that are answered with a status of their own, for a while."""

    hold: Hold | None = None
    """Stops to answer at a request."""

    warning: str = ""
    """The text of a `Warning: 299` header on every answer."""

    # --- authentication --------------------------------------------------------------------------
    auth: Literal["", "basic", "bearer"] = ""
    """Without valid credentials of this kind the answer is 401 with `WWW-Authenticate`."""

    users: dict[str, str] = field(default_factory=lambda: {"ci": "secret"})
    """Users and passwords, for `basic` and for the token endpoint, which is `/token` on every fault registry."""

    realm: str = ""
    """The bearer realm that is announced; empty is the registry's own `/token`. May be on another origin."""

    anonymous_pull: bool = False
    """Whether the token endpoint gives `pull` to those without credentials."""

    token_uses: int = 0
    """A bearer token is refused after that many requests, so that it expires in mid-transfer; 0 is never."""

    # --- referrers and other listings ------------------------------------------------------------
    referrers_api: bool = True
    """On by default; off answers 404 to `/referrers/`, as distribution does."""

    referrers_status: int = 0
    """`/referrers/` answers this status, e.g. 400 (Quay, subject unknown), 403, 429, 500."""

    false_200: bool = False
    """`/referrers/` answers 200 with a page of HTML."""

    referrers_filter: bool = True
    """On by default; off ignores `artifactType`, and says so by leaving `OCI-Filters-Applied` out."""

    page_size: int = 0
    """Entries on a page of referrers or tags, with a `Link` to the next; 0 is everything at once."""

    endless_pages: bool = False
    """Every page of a listing links to a further one, each time with a new cursor."""

    looping_pages: bool = False
    """Every page of a listing links to itself."""

    link_origin: str = ""
    """`Link` is absolute and points to this origin, e.g. `http://127.0.0.1:9`."""

    oci_subject: Literal["true", "always", "never"] = "true"
    """Whether `OCI-Subject` tells the truth about the referrers API, is always sent, or never."""

    gitlab_alias: bool = False
    """The tag `sha256-<hex>` is the manifest with that digest (GitLab), for reads, writes and deletes."""

    # --- manifests and tags ----------------------------------------------------------------------
    immutable_tags: int = 0
    """The status with which moving a tag is refused, e.g. 409, 400 (ECR), 412 (Harbor); 0 lets it move."""

    put_manifest_ignored: bool = False
    """A manifest PUT is answered 201 and nothing is stored."""

    stale_tag_reads: int = 0
    """So many reads of a tag that moved still get what it was before; counts down."""

    head_refused: bool = False
    """`HEAD` on blobs and manifests is answered 405."""

    manifest_content_type: str = ""
    """The `Content-Type` of every manifest that is read."""

    manifest_max: int = 4 * 1024 * 1024
    """Manifests above this size are refused with 413."""

    sparse: bool = False
    """On accepts manifests whose blobs or children are missing; off answers 404 MANIFEST_BLOB_UNKNOWN."""

    missing_digest_header: bool = False
    """`Docker-Content-Digest` is left out of every answer."""

    wrong_digest_header: bool = False
    """`Docker-Content-Digest` is another digest than that of the body."""

    # --- bodies that are read --------------------------------------------------------------------
    flip_byte: str = ""
    """Regular expression: the byte in the middle of a blob or manifest is another; size and headers stay."""

    wrong_size: int = 0
    """Blobs are longer (positive) or shorter by so many bytes, `Content-Length` and body alike."""

    endless_body: str = ""
    """Regular expression: after its own bytes the body goes on with zeros for ever, without `Content-Length`."""

    slow_drip: str = ""
    """Regular expression: the body comes one byte in every `drip_seconds`."""

    drip_seconds: float = 1.0
    """The pace of `slow_drip`."""

    gzip_body: str = ""
    """Regular expression: the body has `Content-Encoding: gzip`, asked for or not."""

    cut_download: Cut | None = None
    """Cuts bodies that are read."""

    range_unsupported: bool = False
    """A `Range` is ignored: 200 and the whole blob."""

    wrong_content_range: int = 0
    """A 206 starts so many bytes later than it was asked for, and says so in `Content-Range`."""

    redirect_blobs: str = ""
    """Blob `GET` answers 307 to the same path on this origin."""

    # --- uploads ---------------------------------------------------------------------------------
    cut_upload: Cut | None = None
    """Cuts bodies that are sent."""

    upload_origin: str = ""
    """The `Location` of an upload is on this origin."""

    relative_location: bool = False
    """`Location` is a path without scheme and host."""

    chunk_min_length: int = 0
    """Announced as `OCI-Chunk-Min-Length`; a chunk after a shorter one is refused."""

    chunk_max: int = 0
    """A larger `PATCH` is refused with 416 (GHCR: 4 MiB); 0 is without limit."""

    monolithic_max: int = 0
    """A larger body of `PUT` or `POST` is refused with 413 (ACR); 0 is without limit."""

    chunked_unsupported: bool = False
    """`PATCH` is answered 405 (Google Artifact Registry takes a blob in one piece)."""

    monolithic_post: bool = True
    """On by default; off answers `POST ?digest=` with 202 and a `Location`, as the spec lets a registry do."""

    patch_status: int = 202
    """The status of an accepted chunk (ECR: 201)."""

    stale_range: bool = False
    """The `Range` of an upload is the one from before the last chunk (ECR)."""

    mount_unsupported: bool = False
    """A mount is answered 202 with an upload, as if the blob were not there."""

    commit_delay: float = 0.0
    """Seconds between the last byte of a blob and the answer 201."""
