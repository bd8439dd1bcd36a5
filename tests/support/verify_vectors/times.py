"""The moments of the vectors. All are fixed, so that a vector says the same in ten years."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from support.tiny_log import NOW

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
YEAR: Final = timedelta(days=365)

SIGNED: Final = datetime.fromtimestamp(NOW, UTC)
"""When honest records were signed, stamped and logged: 2026-05-28T20:26:40Z."""

CLOCK: Final = SIGNED + 30 * DAY
"""The verifier's clock, and the moment that is asked about."""


def text(moment: datetime) -> str:
    """Return RFC 3339 in UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
