"""An OCI image layout on disk: the embedded default store. Other tools read it as it is.

Source: image-spec 1.1, image-layout.md.
"""

from govern.store.layout.store import LayoutStore

__all__ = ["LayoutStore"]
