"""When a request is repeated: only if its body can be rewound, and the trouble is a passing one.

| answer                          | GET, HEAD | POST (session) | PUT blob | PUT manifest | PATCH |
|---------------------------------|-----------|----------------|----------|--------------|-------|
| 408, 429, 500, 502, 503, 504    | again     | again          | again *  | again        | no    |
| connection refused, cut, silent | again     | again          | again *  | again        | no    |
| anything else                   | no        | no             | no       | no           | no    |

* in a new upload session, from the first byte. At most 5 tries, 60 s in all.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Final

PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})
MAX_TRIES: Final = 5
MAX_SECONDS: Final = 60.0
_FIRST_WAIT: Final = 0.25
_LONGEST_WAIT: Final = 10.0


@dataclass(slots=True)
class Tries:
    """The tries of one request.

    Args:
        clock: monotonic seconds.
        sleep: waits.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    count: int = 0
    begun: float = field(default=-1.0)

    def again(self, retry_after: str | None = None) -> bool:
        """Wait and return True if one more try is allowed; return False at once if not.

        Args:
            retry_after: the header of that name: seconds, or a date.
        """
        now = self.clock()
        if self.begun < 0:
            self.begun = now
        self.count += 1
        if self.count >= MAX_TRIES:
            return False
        # Full jitter keeps many writers that failed together from coming back together.
        wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (self.count - 1)) * (0.5 + random.random() / 2)  # noqa: S311
        asked = seconds_of(retry_after)
        if asked is not None:
            wait = max(wait, asked)
        if now + wait - self.begun > MAX_SECONDS:
            return False
        self.sleep(wait)
        return True


def seconds_of(retry_after: str | None) -> float | None:
    """Return what `Retry-After` asks for, in seconds, or None (RFC 9110 §10.2.3)."""
    if not retry_after:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
