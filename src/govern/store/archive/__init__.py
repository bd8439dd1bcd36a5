"""An OCI image layout in one file, a plain tar: written whole, read where it lies, never unpacked.

Source: image-spec 1.1, image-layout.md; POSIX.1-2017 pax, "ustar Interchange Format" and "pax Header Block".
"""

from govern.store.archive.store import ArchiveStore
from govern.store.archive.writer import ArchiveWriter

__all__ = ["ArchiveStore", "ArchiveWriter"]
