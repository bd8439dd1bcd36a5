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

from govern.capture.github_event import PullRequest, read_pull_request
from govern.capture.redact import REDACTED, clean_text, redact_url

_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NUMBER: Final = re.compile(r"[0-9]{1,20}")
_PULL_REQUEST: Final = re.compile(r"refs/pull/([0-9]{1,20})/(?:merge|head)")
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)+")
_ID: Final = re.compile(r"[0-9]{1,20}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""A number or a GUID: names of people and machines are neither."""

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
        workflow_sha: the commit of the workflow's file, or None.
        actor_id: the system's number of who or what started it, never a name or an address; or None.
        repository_id: the system's number of the repository: a name may be given to another one. Or None.
        owner_id: the system's number of the repository's owner, or None.
        pull_request: the number of the pull or merge request, or None.
        fork: whether that comes from another repository; None where nobody can say, never to be read as no.
        protected: whether the ref is protected, or None.
        platform: the machine's system and architecture (`Linux/X64`), or None.
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
    workflow_sha: str | None = None
    actor_id: str | None = None
    repository_id: str | None = None
    owner_id: str | None = None
    pull_request: str | None = None
    fork: bool | None = None
    protected: bool | None = None
    platform: str | None = None


class _Reader:
    """The variables of an environment, each made safe as it is read."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def is_true(self, name: str) -> bool:
        return self._env.get(name, "").strip().lower() in _TRUE

    def truth(self, name: str) -> bool | None:
        """True or False where the variable says so, else None."""
        value = self._env.get(name, "").strip().lower()
        return value in _TRUE if value in _TRUE or value in ("false", "0", "no") else None

    def differ(self, one: str, other: str) -> bool | None:
        """Whether two variables differ, or None where one is not set."""
        first, second = self._env.get(one, "").strip(), self._env.get(other, "").strip()
        return first != second if first and second else None

    def is_set(self, name: str) -> bool:
        return bool(self._env.get(name, "").strip())

    def raw(self, name: str) -> str:
        """A variable as it is, for what is not kept."""
        return self._env.get(name, "")

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
    request, ref = PullRequest(), _PULL_REQUEST.fullmatch(read.raw("GITHUB_REF"))
    # `pull_request_target` runs on the base branch, and its ref names no request; the event does.
    if ref is not None or read.raw("GITHUB_EVENT_NAME").startswith("pull_request"):
        request = read_pull_request(read.raw("GITHUB_EVENT_PATH"))
    system, machine = read.text("RUNNER_OS"), read.text("RUNNER_ARCH")
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
        workflow_sha=read.matching(_COMMIT, "GITHUB_WORKFLOW_SHA"),
        actor_id=read.matching(_ID, "GITHUB_ACTOR_ID"),
        repository_id=read.matching(_ID, "GITHUB_REPOSITORY_ID"),
        owner_id=read.matching(_ID, "GITHUB_REPOSITORY_OWNER_ID"),
        pull_request=ref[1] if ref is not None else request.number,
        fork=request.fork,
        protected=read.truth("GITHUB_REF_PROTECTED"),
        platform=f"{system}/{machine}" if system and machine else system,
    )


def _gitlab(read: _Reader) -> CiFacts:
    """Source: docs.gitlab.com, "Predefined CI/CD variables reference"."""
    runner = None
    if read.is_true("CI_DISPOSABLE_ENVIRONMENT"):
        runner = "disposable"
    elif read.is_true("CI_SHARED_ENVIRONMENT"):
        runner = "shared"
    fork = read.differ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "CI_MERGE_REQUEST_PROJECT_ID")
    if fork is None:
        fork = read.differ("CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY", "CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY")
    return CiFacts(
        system="gitlab-ci",
        run_uri=read.url("CI_JOB_URL", "CI_PIPELINE_URL"),
        run_id=read.matching(_NUMBER, "CI_PIPELINE_ID"),
        # GitLab gives a retried job a new id and no number of the attempt.
        attempt=None,
        # GitLab 19 says the whole reference, as GitHub does.
        workflow=read.text("CI_CONFIG_REF_URI", "CI_CONFIG_PATH"),
        job=read.text("CI_JOB_NAME"),
        event=read.text("CI_PIPELINE_SOURCE"),
        repository=read.url("CI_PROJECT_URL"),
        ref=read.text("CI_COMMIT_REF_NAME"),
        sha=read.matching(_COMMIT, "CI_COMMIT_SHA"),
        runner=runner,
        actor_id=read.matching(_ID, "GITLAB_USER_ID"),
        repository_id=read.matching(_ID, "CI_PROJECT_ID"),
        owner_id=read.matching(_ID, "CI_PROJECT_NAMESPACE_ID"),
        pull_request=read.matching(_NUMBER, "CI_MERGE_REQUEST_IID", "CI_EXTERNAL_PULL_REQUEST_IID"),
        fork=fork,
        protected=read.truth("CI_COMMIT_REF_PROTECTED"),
        platform=read.text("CI_RUNNER_EXECUTABLE_ARCH"),
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
        actor_id=read.matching(_ID, "BUILD_REQUESTEDFORID"),
        repository_id=read.matching(_ID, "BUILD_REPOSITORY_ID"),
        pull_request=read.matching(_NUMBER, "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER", "SYSTEM_PULLREQUEST_PULLREQUESTID"),
        fork=read.truth("SYSTEM_PULLREQUEST_ISFORK") if read.is_set("SYSTEM_PULLREQUEST_PULLREQUESTID") else None,
        platform=read.text("AGENT_OS"),
    )


def _jenkins(read: _Reader) -> CiFacts:
    """Source: jenkins.io, "Using environment variables", "Built-In Node Name and Label Migration"; the Git and
    Branch API plugins. Names of nodes are those of hosts: only which kind of node it is is said. Who started a run
    is known to plugins alone, by a name."""
    node = read.raw("NODE_NAME")
    return CiFacts(
        system="jenkins",
        run_uri=read.url("BUILD_URL"),
        run_id=read.matching(_NUMBER, "BUILD_NUMBER"),
        workflow=read.text("JOB_NAME"),
        job=read.text("STAGE_NAME"),
        repository=read.url("GIT_URL"),
        ref=read.text("BRANCH_NAME", "GIT_BRANCH"),
        sha=read.matching(_COMMIT, "GIT_COMMIT"),
        runner=("built-in" if node in ("built-in", "master") else "agent") if node else None,
        pull_request=read.matching(_NUMBER, "CHANGE_ID"),
        # Not every source of branches says it: without it nobody knows.
        fork=True if read.is_set("CHANGE_FORK") else None,
    )
