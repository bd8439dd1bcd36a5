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
    )


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
        assert value is None or (len(value) <= 500 and value.isprintable())
    assert facts.workflow == REDACTED
