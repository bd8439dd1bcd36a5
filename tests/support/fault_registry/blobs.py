"""Blobs and uploads of the fault registry."""

from __future__ import annotations

import re
from typing import Final

from support.fault_registry.content import Refused, Upload, is_digest_of
from support.fault_registry.endpoint import Endpoint
from support.fault_registry.wire import CutShort, Reply

_RANGE: Final = re.compile(r"bytes=([0-9]*)-([0-9]*)")
_CONTENT_RANGE: Final = re.compile(r"([0-9]+)-([0-9]+)")


class Blobs(Endpoint):
    """The endpoints of blobs (distribution spec 1.1, "Pulling blobs", "Pushing blobs")."""

    def read_blob(self, digest: str) -> Reply:
        """`GET` and `HEAD`, whole or a range."""
        switches = self.state.switches
        if self.command == "HEAD" and switches.head_refused:
            raise Refused(405, "UNSUPPORTED")
        with self.state.content.lock:
            data = self.repository.blobs.get(digest)
        if data is None:
            raise Refused(404, "BLOB_UNKNOWN")
        if self.command == "GET" and switches.redirect_blobs:
            return Reply(307, {"Location": switches.redirect_blobs + self.path})
        data = self.flipped(data)
        if switches.wrong_size:
            data = data[: max(len(data) + switches.wrong_size, 0)] + bytes(max(switches.wrong_size, 0))
        headers = {"Content-Type": "application/octet-stream", **self.digest_header(digest)}
        if switches.range_unsupported:
            return Reply(200, headers, data)
        headers["Accept-Ranges"] = "bytes"
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        if asked is None or self.command == "HEAD" or asked.groups() == ("", ""):
            return Reply(200, headers, data)
        first, last = asked.groups()
        start = int(first) if first else max(len(data) - int(last), 0)
        end = min(int(last), len(data) - 1) if first and last else len(data) - 1
        if start > end:
            raise Refused(416, "RANGE_INVALID", {"Content-Range": f"bytes */{len(data)}"})
        start = min(start + switches.wrong_content_range, end)
        headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
        return Reply(206, headers, data[start : end + 1])

    def delete_blob(self, digest: str) -> Reply:
        """`DELETE` of a blob."""
        with self.state.content.lock:
            if self.repository.blobs.pop(digest, None) is None:
                raise Refused(404, "BLOB_UNKNOWN")
        return Reply(202)

    def start_upload(self) -> Reply:
        """`POST`: a mount, a whole blob, or a session."""
        switches, data = self.state.switches, self.body()
        source, mount, digest = (self.query.get(word, "") for word in ("from", "mount", "digest"))
        if mount and source:
            self.authorize(source, "pull")
        if 0 < switches.monolithic_max < len(data):
            raise Refused(413, "SIZE_INVALID")
        with self.state.content.lock:
            if mount and source and not switches.mount_unsupported:
                held = self.state.content.repository(source).blobs.get(mount)
                if held is not None:
                    self.repository.blobs[mount] = held
                    return Reply(201, self.stored(f"blobs/{mount}", mount))
            whole = bool(digest) and switches.monolithic_post
            if not whole:
                # Ids are never used again, so that a finished session cannot be taken for a new one.
                self.repository.sessions += 1
                upload_id = str(self.repository.sessions)
                upload = self.repository.uploads[upload_id] = Upload()
                headers = self._session(upload_id, upload)
        if whole:
            return self._commit(data, digest)
        if switches.chunk_min_length:
            headers["OCI-Chunk-Min-Length"] = str(switches.chunk_min_length)
        return Reply(202, headers)

    def upload_status(self, upload_id: str) -> Reply:
        """`GET`: how far an upload is. Takes an old `Location` too, and answers with the latest."""
        with self.state.content.lock:
            return Reply(204, self._session(upload_id, self._upload(upload_id, any_serial=True)))

    def cancel_upload(self, upload_id: str) -> Reply:
        """`DELETE` of an upload."""
        with self.state.content.lock:
            self._upload(upload_id)
            del self.repository.uploads[upload_id]
        return Reply(204)

    def patch_upload(self, upload_id: str) -> Reply:
        """`PATCH`: one chunk, or the whole blob as a stream without `Content-Range`."""
        switches = self.state.switches
        if switches.chunked_unsupported:
            raise Refused(405, "UNSUPPORTED")
        upload = self._receive(upload_id, most=switches.chunk_max, status=416)
        with self.state.content.lock:
            return Reply(switches.patch_status, self._session(upload_id, upload))

    def finish_upload(self, upload_id: str) -> Reply:
        """`PUT`: the last bytes, if any, and the digest."""
        upload = self._receive(upload_id, most=self.state.switches.monolithic_max, status=413)
        with self.state.content.lock:
            self.repository.uploads.pop(upload_id, None)
        return self._commit(bytes(upload.data), self.query.get("digest", ""))

    def _receive(self, upload_id: str, *, most: int, status: int) -> Upload:
        """Add the body to an upload; a body above `most` is refused with `status`."""
        with self.state.content.lock:
            upload = self._upload(upload_id)
        try:
            data = self.body()
        except CutShort as short:
            with self.state.content.lock:
                if short.cut.keeps:
                    upload.data += short.data
                else:
                    self.repository.uploads.pop(upload_id, None)
            raise
        with self.state.content.lock:
            if 0 < most < len(data):
                raise Refused(status, "SIZE_INVALID", self._session(upload_id, upload, new=False))
            if data and upload.short:
                raise Refused(400, "BLOB_UPLOAD_INVALID")
            if given := self.headers.get("Content-Range", ""):
                said = _CONTENT_RANGE.fullmatch(given)
                if said is None or int(said[2]) - int(said[1]) + 1 != len(data):
                    raise Refused(400, "BLOB_UPLOAD_INVALID")
                if int(said[1]) != len(upload.data):
                    raise Refused(416, "RANGE_INVALID", self._session(upload_id, upload, new=False))
            upload.before = len(upload.data)
            upload.short = self.command == "PATCH" and len(data) < self.state.switches.chunk_min_length
            upload.data += data
        return upload

    def _upload(self, upload_id: str, *, any_serial: bool = False) -> Upload:
        upload = self.repository.uploads.get(upload_id)
        if upload is None or not (any_serial or self.query.get("_state") == str(upload.serial)):
            raise Refused(404, "BLOB_UPLOAD_UNKNOWN")
        return upload

    def _session(self, upload_id: str, upload: Upload, *, new: bool = True) -> dict[str, str]:
        switches = self.state.switches
        upload.serial += new
        size = upload.before if switches.stale_range else len(upload.data)
        path = f"/v2/{self.name}/blobs/uploads/{upload_id}?_state={upload.serial}"
        location = switches.upload_origin + path if switches.upload_origin else self.located(path)
        # An upload without a byte is 0-0, as distribution says it; the spec has no word for it.
        return {"Location": location, "Range": f"0-{max(size - 1, 0)}"}

    def _commit(self, data: bytes, digest: str) -> Reply:
        if not is_digest_of(digest, data):
            raise Refused(400, "DIGEST_INVALID")
        self.state.stopping.wait(self.state.switches.commit_delay)
        with self.state.content.lock:
            self.repository.blobs[digest] = data
        return Reply(201, self.stored(f"blobs/{digest}", digest))
