"""The pull request of a run on GitHub. Whether it comes from a fork no variable says, but the event's file does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govern import canonical
from govern.capture.tree_file import UNREADABLE, read_below
from govern.errors import GovernError
from govern.limits import MAX_CI_EVENT


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What an event says of its pull request.

    Args:
        number: its number, or None where the event is about none.
        fork: whether it comes from another repository; None where nobody can say.
    """

    number: str | None = None
    fork: bool | None = None


def read_pull_request(path: str) -> PullRequest:
    """Return what the event of a run says of its pull request.

    Args:
        path: of the event's file, from `GITHUB_EVENT_PATH`. Of what it holds, people's words and addresses
            among it, three numbers are looked at.

    Source: docs.github.com, "Webhook events and payloads", "pull_request".
    """
    file = Path(path)
    if not file.is_absolute():
        return PullRequest()
    try:
        event = canonical.loads(read_below(file.parent, file.name, MAX_CI_EVENT), "the event", bound=MAX_CI_EVENT)
    except (*UNREADABLE, GovernError):
        return PullRequest()
    number = _number(event, "pull_request", "number")
    head = _number(event, "pull_request", "head", "repo", "id")
    base = _number(event, "pull_request", "base", "repo", "id")
    # A fork that was deleted is null.
    fork = head != base if head is not None and base is not None else None
    return PullRequest(str(number) if number is not None else None, fork)


def _number(value: Any, *keys: str) -> int | None:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
