"""Whether a pull request comes from a fork is said by the event's file alone."""

from __future__ import annotations

import json

import pytest

from govern.capture.ci import capture_ci
from govern.capture.github_event import PullRequest, read_pull_request

ENV = {"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/pull/24/merge", "GITHUB_EVENT_NAME": "pull_request"}


def event(head: object, base: object = 1, number: object = 24) -> str:
    return json.dumps(
        {
            "pull_request": {
                "number": number,
                "head": {"repo": {"id": head} if head is not None else None, "user": {"email": "anna@example.com"}},
                "base": {"repo": {"id": base}},
                "body": "geheim 1.5e3",
            }
        }
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (event(2), PullRequest("24", True)),
        (event(1), PullRequest("24", False)),
        (event(None), PullRequest("24", None)),
        (event("1"), PullRequest("24", None)),
        (event(True), PullRequest("24", None)),
        (event(2, number="x"), PullRequest(None, True)),
        ("{}", PullRequest()),
        ("[]", PullRequest()),
        ("{", PullRequest()),
        ('{"pull_request": 1}', PullRequest()),
        ("\udcff", PullRequest()),
        ("[" * 5000, PullRequest()),
    ],
)
def test_a_fork_is_another_repository(tmp_path, text, found):
    (tmp_path / "event.json").write_text(text, errors="surrogateescape")
    assert read_pull_request(str(tmp_path / "event.json")) == found


@pytest.mark.parametrize("path", ["", "event.json", "/none/event.json", "/dev/zero", "/x\x00"])
def test_without_the_file_nobody_knows(path):
    assert read_pull_request(path) == PullRequest()


def test_the_run_says_it(tmp_path):
    file = tmp_path / "event.json"
    file.write_text(event(2))
    facts = capture_ci({**ENV, "GITHUB_EVENT_PATH": str(file)})
    assert facts is not None
    assert (facts.pull_request, facts.fork) == ("24", True)
    assert "anna" not in repr(facts)
    # On the base branch, with the base's secrets, at the word of a fork.
    target = {"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_NAME": "pull_request_target"}
    facts = capture_ci({**target, "GITHUB_EVENT_PATH": str(file)})
    assert facts is not None
    assert (facts.pull_request, facts.fork) == ("24", True)


def test_the_event_of_a_push_is_not_looked_at(tmp_path):
    (tmp_path / "event.json").write_text(event(2))
    env = {"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_NAME": "push"}
    facts = capture_ci({**env, "GITHUB_EVENT_PATH": str(tmp_path / "event.json")})
    assert facts is not None
    assert (facts.pull_request, facts.fork) == (None, None)
