"""Tars are written by hand: Python's own reader gets every legal path and content back from them."""

from __future__ import annotations

import io
import tarfile
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from govern.artifact.tar import END, member_header, member_size, padding
from govern.errors import InvalidInput
from govern.paths import check_path


def _legal(path: str) -> bool:
    try:
        check_path(path)
    except InvalidInput:
        return False
    return True


LETTERS: Final = st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp"), exclude_characters="/\\")
PATH: Final = st.lists(st.text(LETTERS, min_size=1, max_size=60), min_size=1, max_size=4).map("/".join).filter(_legal)


@given(paths=st.lists(PATH, min_size=1, max_size=5), content=st.binary(max_size=1_100))
def test_python_reads_back_a_tar_of_any_legal_paths(paths: list[str], content: bytes) -> None:
    members = [member_header(path, len(content)) + content + padding(len(content)) for path in paths]
    assert [len(one) for one in members] == [member_size(path, len(content)) for path in paths]
    with tarfile.open(fileobj=io.BytesIO(b"".join([*members, END]))) as archive:
        assert archive.getnames() == paths
        for member in archive.getmembers():
            file = archive.extractfile(member)
            assert file is not None
            assert file.read() == content
            assert (member.mode, member.uid, member.gid, member.mtime, member.uname) == (0o644, 0, 0, 0, "")
