"""What a CI system says about the run that pushes, from a fixed list of variables.

A claim, like everything a client captures: whoever starts the process sets its environment. Only the
variables named here are read, none of them a token; every value is bounded, printable and free of secrets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from govern.capture.redact import REDACTED, clean_text, redact_url

_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NUMBER: Final = re.compile(r"[0-9]{1,20}")
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)+")
_TRUE: Final = frozenset({"true", "1", "yes"})


@dataclass(frozen=True, slots=True)
class CiFacts:
    """A run of a CI system.

    Args:
        system: `github-actions`, `gitlab-ci`, `azure-pipelines`, `jenkins`, or `unknown` where only `CI` is set.
        run_uri: where a person finds the run, or None.
        run_id: the system's id of the run, or None.
        attempt: which attempt at it, or None.
        workflow: the workflow, pipeline or job definition, or None.
        job: the job inside it, or None.
        event: what started it (push, schedule, …), or None.
        repository: the source repository's URL, or None.
        ref: the branch or tag, as the system writes it, or None.
        sha: the commit, 40 or 64 hex digits, or None.
        runner: what the system says of the machine (`github-hosted`, `self-hosted`, …), or None.
    """

    system: str
    run_uri: str | None = None
    run_id: str | None = None
    attempt: str | None = None
    workflow: str | None = None
    job: str | None = None
    event: str | None = None
    repository: str | None = None
    ref: str | None = None
    sha: str | None = None
    runner: str | None = None


class _Reader:
    """The variables of an environment, each made safe as it is read."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def is_true(self, name: str) -> bool:
        return self._env.get(name, "").strip().lower() in _TRUE

    def text(self, *names: str) -> str | None:
        """The first of these variables that is set to something."""
        for name in names:
            if value := clean_text(self._env.get(name, "")):
                return value
        return None

    def url(self, *names: str) -> str | None:
        """The first of these that is an http(s) or ssh URL, without credentials and query."""
        for name in names:
            raw = self._env.get(name, "").strip()
            value = redact_url(raw) if raw else ""
            if value.startswith(("https://", "http://", "ssh://")):
                return clean_text(value)
        return None

    def matching(self, grammar: re.Pattern[str], *names: str) -> str | None:
        """The first of these that follows a grammar; something else in its place is no fact."""
        for name in names:
            value = self._env.get(name, "").strip()
            if grammar.fullmatch(value) and clean_text(value) == value:
                return value
        return None


def capture_ci(env: Mapping[str, str]) -> CiFacts | None:
    """Return the CI run that an environment describes, or None outside of CI.

    Args:
        env: the environment of the process.
    """
    read = _Reader(env)
    # Gitea and Forgejo set GitHub's variables too, and their runs live at other addresses.
    lookalike = read.is_true("GITEA_ACTIONS") or read.is_true("FORGEJO_ACTIONS")
    systems: tuple[tuple[bool, Callable[[_Reader], CiFacts]], ...] = (
        (read.is_true("GITHUB_ACTIONS") and not lookalike, _github),
        (read.is_true("GITLAB_CI"), _gitlab),
        (read.is_true("TF_BUILD"), _azure),
        (read.url("JENKINS_URL") is not None, _jenkins),
        (read.is_true("CI"), lambda _: CiFacts("unknown")),
    )
    return next((describe(read) for here, describe in systems if here), None)


def _github(read: _Reader) -> CiFacts:
    """Source: docs.github.com, "Variables reference"; the run's address is that of actions/attest."""
    server = read.url("GITHUB_SERVER_URL")
    path = read.matching(_REPOSITORY, "GITHUB_REPOSITORY")
    run = read.matching(_NUMBER, "GITHUB_RUN_ID")
    attempt = read.matching(_NUMBER, "GITHUB_RUN_ATTEMPT")
    repository = f"{server.rstrip('/')}/{path}" if server and path else None
    uri = f"{repository}/actions/runs/{run}" if repository and run else None
    return CiFacts(
        system="github-actions",
        run_uri=f"{uri}/attempts/{attempt}" if uri and attempt else uri,
        run_id=run,
        attempt=attempt,
        workflow=read.text("GITHUB_WORKFLOW_REF", "GITHUB_WORKFLOW"),
        job=read.text("GITHUB_JOB"),
        event=read.text("GITHUB_EVENT_NAME"),
        repository=repository,
        ref=read.text("GITHUB_REF"),
        sha=read.matching(_COMMIT, "GITHUB_SHA"),
        runner=read.text("RUNNER_ENVIRONMENT"),
    )


def _gitlab(read: _Reader) -> CiFacts:
    """Source: docs.gitlab.com, "Predefined CI/CD variables reference"."""
    runner = None
    if read.is_true("CI_DISPOSABLE_ENVIRONMENT"):
        runner = "disposable"
    elif read.is_true("CI_SHARED_ENVIRONMENT"):
        runner = "shared"
    return CiFacts(
        system="gitlab-ci",
        run_uri=read.url("CI_JOB_URL", "CI_PIPELINE_URL"),
        run_id=read.matching(_NUMBER, "CI_PIPELINE_ID"),
        # GitLab gives a retried job a new id and no number of the attempt.
        attempt=None,
        workflow=read.text("CI_CONFIG_PATH"),
        job=read.text("CI_JOB_NAME"),
        event=read.text("CI_PIPELINE_SOURCE"),
        repository=read.url("CI_PROJECT_URL"),
        ref=read.text("CI_COMMIT_REF_NAME"),
        sha=read.matching(_COMMIT, "CI_COMMIT_SHA"),
        runner=runner,
    )


def _azure(read: _Reader) -> CiFacts:
    """Source: learn.microsoft.com, "Use predefined variables" of Azure Pipelines."""
    server = read.url("SYSTEM_COLLECTIONURI", "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI")
    project = read.text("SYSTEM_TEAMPROJECT")
    run = read.matching(_NUMBER, "BUILD_BUILDID")
    uri = None
    if server and project and project != REDACTED and run:
        # The query is ours, made of digits; one of the environment's would have been cut off.
        uri = f"{server.rstrip('/')}/{quote(project, safe='')}/_build/results?buildId={run}"
    return CiFacts(
        system="azure-pipelines",
        run_uri=uri,
        run_id=run,
        attempt=read.matching(_NUMBER, "SYSTEM_JOBATTEMPT"),
        workflow=read.text("BUILD_DEFINITIONNAME"),
        job=read.text("SYSTEM_JOBNAME", "AGENT_JOBNAME"),
        event=read.text("BUILD_REASON"),
        repository=read.url("BUILD_REPOSITORY_URI"),
        ref=read.text("BUILD_SOURCEBRANCH"),
        sha=read.matching(_COMMIT, "BUILD_SOURCEVERSION"),
    )


def _jenkins(read: _Reader) -> CiFacts:
    """Source: jenkins.io, "Using environment variables", and the Git plugin. NODE_NAME is a host: left out."""
    return CiFacts(
        system="jenkins",
        run_uri=read.url("BUILD_URL"),
        run_id=read.matching(_NUMBER, "BUILD_NUMBER"),
        workflow=read.text("JOB_NAME"),
        job=read.text("STAGE_NAME"),
        repository=read.url("GIT_URL"),
        ref=read.text("BRANCH_NAME", "GIT_BRANCH"),
        sha=read.matching(_COMMIT, "GIT_COMMIT"),
    )
