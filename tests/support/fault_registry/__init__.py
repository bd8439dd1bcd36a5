"""A strict OCI registry in memory, written for the tests, that shows faults and quirks on request.

Start one with `FaultRegistry`, turn its `Switches`, read its `requests`.
"""

from support.fault_registry.content import Content
from support.fault_registry.server import FaultRegistry
from support.fault_registry.switches import Burst, Cut, Hold, Switches
from support.fault_registry.wire import Request

__all__ = ["Burst", "Content", "Cut", "FaultRegistry", "Hold", "Request", "Switches"]
