"""A repository of a registry, over one HTTP stack.

Source: OCI distribution spec 1.1.
"""

from govern.store.registry.store import RegistryStore

__all__ = ["RegistryStore"]
