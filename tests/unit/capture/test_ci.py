"""CI facts come from a fixed list of variables, and are claims that were made safe."""

from __future__ import annotations

import dataclasses

import pytest

from govern.capture.ci import CiFacts, capture_ci
from govern.capture.redact import REDACTED

SHA = "3f786850e387550fdab836ed7e6dc881de23001b"

GITHUB = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/fraud",
    "GITHUB_RUN_ID": "123456",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_WORKFLOW": "train",
    "GITHUB_WORKFLOW_REF": "acme/fraud/.github/workflows/train.yml@refs/heads/main",
    "GITHUB_JOB": "push",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_SHA": SHA,
    "RUNNER_ENVIRONMENT": "github-hosted",
    "RUNNER_NAME": "anna-laptop",
    "GITHUB_ACTOR": "anna",
    "GITHUB_TRIGGERING_ACTOR": "anna",
    "GITHUB_ACTOR_ID": "1193975",
    "GITHUB_REPOSITORY_ID": "42",
    "GITHUB_REPOSITORY_OWNER_ID": "7",
    "GITHUB_WORKFLOW_SHA": SHA,
    "GITHUB_REF_PROTECTED": "true",
    "RUNNER_OS": "Linux",
    "RUNNER_ARCH": "X64",
}
GITLAB = {
    "CI": "true",
    "GITLAB_CI": "true",
    "CI_JOB_URL": "https://gitlab.example.com/acme/fraud/-/jobs/7",
    "CI_PIPELINE_URL": "https://gitlab.example.com/acme/fraud/-/pipelines/5",
    "CI_PIPELINE_ID": "5",
    "CI_CONFIG_PATH": ".gitlab-ci.yml",
    "CI_JOB_NAME": "push",
    "CI_PIPELINE_SOURCE": "schedule",
    "CI_PROJECT_URL": "https://gitlab.example.com/acme/fraud",
    "CI_COMMIT_REF_NAME": "main",
    "CI_COMMIT_SHA": SHA,
    "CI_DISPOSABLE_ENVIRONMENT": "true",
    "CI_REPOSITORY_URL": "https://gitlab-ci-token:geheim@gitlab.example.com/acme/fraud.git",
    "GITLAB_USER_EMAIL": "anna@example.com",
    "GITLAB_USER_LOGIN": "anna",
    "GITLAB_USER_NAME": "anna",
    "GITLAB_USER_ID": "1193975",
    "CI_COMMIT_AUTHOR": "anna <anna@example.com>",
    "CI_RUNNER_DESCRIPTION": "anna-laptop",
    "CI_RUNNER_EXECUTABLE_ARCH": "linux/amd64",
    "CI_PROJECT_ID": "42",
    "CI_PROJECT_NAMESPACE_ID": "7",
    "CI_COMMIT_REF_PROTECTED": "false",
    "CI_MERGE_REQUEST_IID": "24",
    "CI_MERGE_REQUEST_PROJECT_ID": "42",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "43",
}
AZURE = {
    "TF_BUILD": "True",
    "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/",
    "SYSTEM_TEAMPROJECT": "Fraud & Risk",
    "BUILD_BUILDID": "99",
    "BUILD_DEFINITIONNAME": "train",
    "SYSTEM_JOBNAME": "push",
    "BUILD_REASON": "Manual",
    "BUILD_REPOSITORY_URI": "https://anna@dev.azure.com/acme/fraud/_git/fraud",
    "BUILD_SOURCEBRANCH": "refs/heads/main",
    "BUILD_SOURCEVERSION": SHA,
    "BUILD_REQUESTEDFOREMAIL": "anna@example.com",
    "AGENT_MACHINENAME": "anna-laptop",
    "AGENT_OS": "Linux",
    "BUILD_REQUESTEDFOR": "anna",
    "BUILD_REQUESTEDFORID": "8f14e45f-ceea-167a-5a36-dedd4bea2543",
    "BUILD_REPOSITORY_ID": "9f14e45f-ceea-167a-5a36-dedd4bea2543",
    "SYSTEM_PULLREQUEST_PULLREQUESTID": "24",
    "SYSTEM_PULLREQUEST_ISFORK": "False",
}
JENKINS = {
    "JENKINS_URL": "https://jenkins.example.com/",
    "BUILD_URL": "https://jenkins.example.com/job/fraud/12/",
    "BUILD_NUMBER": "12",
    "JOB_NAME": "fraud",
    "STAGE_NAME": "Push",
    "GIT_URL": "git@git.example.com:acme/fraud.git",
    "BRANCH_NAME": "main",
    "GIT_COMMIT": SHA,
    "NODE_NAME": "anna-laptop",
    "NODE_LABELS": "anna-laptop linux",
    "CHANGE_ID": "24",
    "CHANGE_FORK": "anna",
    "CHANGE_AUTHOR": "anna",
    "CHANGE_AUTHOR_EMAIL": "anna@example.com",
    "BUILD_USER_ID": "anna",
}


def test_github_actions_is_told_with_the_address_of_its_attempt():
    assert capture_ci(GITHUB) == CiFacts(
        system="github-actions",
        run_uri="https://github.com/acme/fraud/actions/runs/123456/attempts/2",
        run_id="123456",
        attempt="2",
        workflow="acme/fraud/.github/workflows/train.yml@refs/heads/main",
        job="push",
        event="push",
        repository="https://github.com/acme/fraud",
        ref="refs/heads/main",
        sha=SHA,
        runner="github-hosted",
        workflow_sha=SHA,
        actor_id="1193975",
        repository_id="42",
        owner_id="7",
        protected=True,
        platform="Linux/X64",
    )


def test_gitlab_ci_is_told():
    assert capture_ci(GITLAB) == CiFacts(
        system="gitlab-ci",
        run_uri="https://gitlab.example.com/acme/fraud/-/jobs/7",
        run_id="5",
        workflow=".gitlab-ci.yml",
        job="push",
        event="schedule",
        repository="https://gitlab.example.com/acme/fraud",
        ref="main",
        sha=SHA,
        runner="disposable",
        actor_id="1193975",
        repository_id="42",
        owner_id="7",
        pull_request="24",
        fork=True,
        protected=False,
        platform="linux/amd64",
    )


def test_azure_pipelines_is_told():
    assert capture_ci(AZURE) == CiFacts(
        system="azure-pipelines",
        run_uri="https://dev.azure.com/acme/Fraud%20%26%20Risk/_build/results?buildId=99",
        run_id="99",
        workflow="train",
        job="push",
        event="Manual",
        repository="https://dev.azure.com/acme/fraud/_git/fraud",
        ref="refs/heads/main",
        sha=SHA,
        actor_id="8f14e45f-ceea-167a-5a36-dedd4bea2543",
        repository_id="9f14e45f-ceea-167a-5a36-dedd4bea2543",
        pull_request="24",
        fork=False,
        platform="Linux",
    )


def test_jenkins_is_told():
    assert capture_ci(JENKINS) == CiFacts(
        system="jenkins",
        run_uri="https://jenkins.example.com/job/fraud/12/",
        run_id="12",
        workflow="fraud",
        job="Push",
        repository="ssh://git.example.com/acme/fraud.git",
        ref="main",
        sha=SHA,
        runner="agent",
        pull_request="24",
        fork=True,
    )


@pytest.mark.parametrize("name", ["built-in", "master"])
def test_the_controller_of_jenkins_is_told_from_its_agents(name):
    facts = capture_ci({**JENKINS, "NODE_NAME": name})
    assert facts is not None
    assert facts.runner == "built-in"


def test_jenkins_does_not_say_that_a_request_is_no_fork():
    facts = capture_ci({key: value for key, value in JENKINS.items() if key != "CHANGE_FORK"})
    assert facts is not None
    assert facts.fork is None


def test_gitlab_tells_forks_of_both_kinds_of_requests():
    same = {**GITLAB, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "42"}
    plain = {key: value for key, value in GITLAB.items() if "MERGE_REQUEST" not in key}
    external = {
        **plain,
        "CI_EXTERNAL_PULL_REQUEST_IID": "24",
        "CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY": "mallory/fraud",
        "CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY": "acme/fraud",
    }
    for env, request, fork in ((same, "24", False), (plain, None, None), (external, "24", True)):
        facts = capture_ci(env)
        assert facts is not None
        assert (facts.pull_request, facts.fork) == (request, fork)


def test_gitlab_says_the_whole_reference_of_a_pipeline_where_it_knows_it():
    uri = "gitlab.example.com/acme/fraud//.gitlab-ci.yml@refs/heads/release-1.0"
    facts = capture_ci({**GITLAB, "CI_CONFIG_REF_URI": uri})
    assert facts is not None
    assert facts.workflow == uri


@pytest.mark.parametrize("env", [GITHUB, GITLAB, AZURE, JENKINS])
def test_no_person_and_no_machine_is_named(env):
    told = repr(capture_ci(env))
    assert "anna" not in told
    assert "geheim" not in told


@pytest.mark.parametrize("env", [{}, {"CI": "false"}, {"CI": ""}, {"GITHUB_ACTIONS": "false"}, {"JENKINS_URL": "x"}])
def test_outside_of_ci_there_are_no_facts(env):
    assert capture_ci(env) is None


@pytest.mark.parametrize("word", ["true", "1", "True"])
def test_another_system_is_unknown_and_nothing_more(word):
    assert capture_ci({"CI": word, "BUILD_URL": "https://x.example/1"}) == CiFacts("unknown")


@pytest.mark.parametrize("lookalike", ["GITEA_ACTIONS", "FORGEJO_ACTIONS"])
def test_a_system_that_copies_githubs_variables_is_not_taken_for_github(lookalike):
    assert capture_ci({**GITHUB, lookalike: "true"}) == CiFacts("unknown")


def test_a_run_whose_parts_are_missing_has_no_address():
    for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"):
        facts = capture_ci({key: value for key, value in GITHUB.items() if key != name})
        assert facts is not None
        assert facts.run_uri is None


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("GITHUB_RUN_ID", "12; rm -rf /", "run_id"),
        ("GITHUB_SHA", "main", "sha"),
        ("GITHUB_ACTOR_ID", "anna", "actor_id"),
        ("GITHUB_REF_PROTECTED", "perhaps", "protected"),
        ("GITHUB_SHA", SHA.upper(), "sha"),
        ("GITHUB_REPOSITORY", "acme/fraud/../..?x", "repository"),
        ("GITHUB_SERVER_URL", "file:///home/anna", "run_uri"),
        ("GITHUB_SERVER_URL", "https://a:b/c@d", "run_uri"),
    ],
)
def test_a_value_that_is_not_what_it_must_be_is_no_fact(name, value, field):
    facts = capture_ci({**GITHUB, name: value})
    assert facts is not None
    assert getattr(facts, field) is None


def test_an_address_with_a_redacted_part_is_no_address():
    facts = capture_ci({**AZURE, "SYSTEM_TEAMPROJECT": "ghp_" + "a" * 36})
    assert facts is not None
    assert facts.run_uri is None


def test_values_are_bounded_printable_and_without_secrets():
    facts = capture_ci(
        {
            **GITHUB,
            "GITHUB_JOB": "x" * 100_000,
            "GITHUB_REF": "a\x1b[31m\udcff\nb",
            "GITHUB_WORKFLOW_REF": "ghp_" + "a" * 36,
        }
    )
    assert facts is not None
    for value in dataclasses.asdict(facts).values():
        assert not isinstance(value, str) or (len(value) <= 500 and value.isprintable())
    assert facts.workflow == REDACTED
