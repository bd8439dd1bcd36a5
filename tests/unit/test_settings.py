"""Settings: flags before environment before file; what is unknown, wrong or half said is refused by its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from govern.errors import InvalidInput
from govern.limits import MAX_SETTINGS
from govern.settings import MAX_JOBS, HostSettings, Settings, load_settings


def written(tmp_path: Path, text: str | bytes) -> dict[str, str]:
    """Write a settings file and return the environment that names it."""
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return {"GOVERN_CONFIG": str(path)}


def test_without_anything_there_are_defaults() -> None:
    settings = load_settings({})
    assert (settings.jobs, settings.timeout, settings.registry, settings.hosts) == (4, 60.0, None, {})
    assert (settings.cache, settings.state, settings.home) == (None, None, None)


def test_a_flag_beats_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, 'jobs = 5\ntimeout = 7\nregistry = "file.example.com"\n')
    variables = {**file, "GOVERN_JOBS": "6", "GOVERN_TIMEOUT": "8", "GOVERN_REGISTRY": "env.example.com"}
    assert (load_settings(file).jobs, load_settings(file).timeout) == (5, 7.0)
    assert (load_settings(variables).jobs, load_settings(variables).timeout) == (6, 8.0)
    flagged = load_settings(variables, jobs=7, timeout=9.5)
    assert (flagged.jobs, flagged.timeout) == (7, 9.5)
    assert load_settings(file).registry == "file.example.com"
    assert load_settings(variables).registry == "env.example.com"


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"GOVERN_JOBS": "33"}, f"1 to {MAX_JOBS}"),
        ({"GOVERN_JOBS": "0"}, f"1 to {MAX_JOBS}"),
        ({"GOVERN_TIMEOUT": "0"}, "1 to 86400 seconds"),
        ({"GOVERN_JOBS": "x"}, "GOVERN_JOBS is not a number"),
        ({"GOVERN_JOBS": "-1"}, "got -1, expected 1 to"),
        ({"GOVERN_JOBS": "\u0664"}, "GOVERN_JOBS is not a number"),
        ({"GOVERN_JOBS": "1" * 5_000}, "GOVERN_JOBS is not a number"),
        ({"GOVERN_TIMEOUT": "86401"}, "1 to 86400 seconds"),
        ({"GOVERN_JOBS": "1.5"}, "GOVERN_JOBS is not a number"),
        ({"GOVERN_TIMEOUT": "1_0"}, "GOVERN_TIMEOUT is not a number"),
        ({"GOVERN_TIMEOUT": "0.5"}, "1 to 86400 seconds"),
    ],
)
def test_a_number_out_of_its_range_is_refused(variables: dict[str, str], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        load_settings(variables)


def test_the_ends_of_a_range_are_inside() -> None:
    for jobs, timeout in ((1, 1.0), (MAX_JOBS, 86_400.0)):
        settings = load_settings({}, jobs=jobs, timeout=timeout)
        assert (settings.jobs, settings.timeout) == (jobs, timeout)
    with pytest.raises(InvalidInput):
        load_settings({}, timeout=0.5)


# --- folders -------------------------------------------------------------------------------------


def test_folders_follow_the_xdg_rules() -> None:
    home = {"HOME": "/home/anna"}
    assert load_settings(home).cache == Path("/home/anna/.cache/govern")
    assert load_settings({**home, "XDG_CACHE_HOME": "/c"}).cache == Path("/c/govern")
    assert load_settings({**home, "XDG_CACHE_HOME": "/c", "GOVERN_CACHE_DIR": "/own"}).cache == Path("/own")
    assert load_settings({**home, "XDG_STATE_HOME": "/s"}).state == Path("/s/govern")
    assert load_settings({**home, "XDG_STATE_HOME": "/s", "GOVERN_STATE_DIR": "/own"}).state == Path("/own")


def test_state_is_kept_only_where_somebody_named_a_place() -> None:
    assert load_settings({"HOME": "/home/anna"}).state is None


@pytest.mark.parametrize("text", ["", "relative", "./x"])
def test_a_folder_that_is_not_absolute_is_none(text: str) -> None:
    settings = load_settings({"GOVERN_CACHE_DIR": text, "XDG_STATE_HOME": text, "HOME": text})
    assert (settings.cache, settings.state, settings.home) == (None, None, None)


def test_the_file_is_looked_for_where_xdg_says(tmp_path: Path) -> None:
    for variables, folder in (
        ({"HOME": str(tmp_path)}, tmp_path / ".config"),
        ({"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "x")}, tmp_path / "x"),
    ):
        (folder / "govern").mkdir(parents=True)
        assert load_settings(variables).jobs == 4
        (folder / "govern" / "config.toml").write_text("jobs = 9\n")
        assert load_settings(variables).jobs == 9


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="not there"):
        load_settings({"GOVERN_CONFIG": str(tmp_path / "nothing")})
    with pytest.raises(InvalidInput, match="cannot be read"):
        load_settings({"GOVERN_CONFIG": str(tmp_path)})


def test_a_file_that_nobody_named_and_nobody_can_read_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".config" / "govern" / "config.toml").mkdir(parents=True)
    assert load_settings({"HOME": str(tmp_path)}).jobs == 4


# --- the file ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("job = 4\n", "unknown settings: got job, expected hosts, jobs, registry, timeout"),
        ('jobs = "4"\n', "jobs is wrong: got '4', expected a number"),
        ("jobs = true\n", "jobs is wrong"),
        ("jobs = 4.5\n", "out of range"),
        ("timeout = nan\n", "out of range"),
        ("timeout = inf\n", "out of range"),
        ("registry = 1\n", "registry is wrong"),
        ("hosts = 1\n", "hosts is wrong"),
        ('hosts.x = "y"\n', "hosts.'x' is wrong"),
        ('[hosts."x"]\nreferers = "api"\n', "hosts.'x' has unknown settings: got referers"),
        ('[hosts."x"]\nreferrers = "never"\n', "referrers of x is unknown: got 'never', expected auto, api, tags"),
        ('[hosts."x"]\nupload = "parts"\n', "upload of x is unknown"),
        ('[hosts."x"]\nplain_http = "false"\n', "plain_http is wrong: got 'false', expected true or false"),
        ('[hosts."x"]\nca = true\n', "ca is wrong"),
        ('[hosts."x"]\ntoken_realms = "https://a"\n', "token_realms is wrong"),
        ("[hosts.x]\ntoken_realms = [1]\n", "token_realms is wrong"),
        ("jobs = \n", "is not TOML"),
        (b"\xff\xfe", "is not TOML"),
        (f"jobs = {'9' * 5_000}\n", "is not TOML"),
        ("jobs = " + "[" * 100_000, "is not TOML"),
    ],
)
def test_what_is_unknown_or_wrong_is_refused(tmp_path: Path, text: str | bytes, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        load_settings(written(tmp_path, text))


def test_a_file_above_the_bound_is_refused(tmp_path: Path) -> None:
    variables = written(tmp_path, b"")
    os.truncate(variables["GOVERN_CONFIG"], MAX_SETTINGS.value + 1)
    with pytest.raises(InvalidInput, match="MAX_SETTINGS"):
        load_settings(variables)


def test_everything_about_a_host_is_read(tmp_path: Path) -> None:
    text = """
        [hosts."registry.example.com:5000"]
        token_realms = ["https://auth.example.com/token"]
        ca = "/ca.pem"
        client_cert = "/cert.pem"
        client_key = "/key.pem"
        plain_http = true
        referrers = "tags"
        upload = "chunks"
    """
    settings = load_settings(written(tmp_path, text))
    assert settings.host("registry.example.com:5000") == HostSettings(
        token_realms=("https://auth.example.com/token",),
        ca=Path("/ca.pem"),
        client_cert=Path("/cert.pem"),
        client_key=Path("/key.pem"),
        plain_http=True,
        referrers="tags",
        upload="chunks",
    )
    assert settings.host("registry.example.com") == HostSettings()


def test_tls_is_spoken_unless_somebody_said_otherwise(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, '[hosts."x"]\nreferrers = "api"\n'))
    assert [settings.host(host).plain_http for host in ("x", "y")] == [False, False]
    assert [settings.host("y").referrers, settings.host("y").upload] == ["auto", "auto"]


def test_a_flag_speaks_of_every_host_and_takes_nothing_away() -> None:
    own = HostSettings(("https://a",), Path("/a"), Path("/b"), Path("/c"), referrers="api", upload="whole")
    flags = HostSettings(ca=Path("/flag"), plain_http=True)
    settings = Settings(hosts={"x": own}, any_host=flags)
    assert settings.host("x") == HostSettings(
        ("https://a",), Path("/flag"), Path("/b"), Path("/c"), plain_http=True, referrers="api", upload="whole"
    )
    assert settings.host("y") == flags
    certificates = HostSettings(client_cert=Path("/1"), client_key=Path("/2"))
    assert Settings(hosts={"x": own}, any_host=certificates).host("x").client_cert == Path("/1")
    assert Settings(hosts={"x": own}, any_host=certificates).host("x").client_key == Path("/2")
    assert Settings(hosts={"x": HostSettings(plain_http=True)}).host("x").plain_http


def test_other_variables_leave_the_rest_as_it_is() -> None:
    settings = Settings(jobs=9).with_environment({"HOME": "/home/anna"})
    assert (settings.jobs, settings.home) == (9, Path("/home/anna"))


def test_a_time_out_of_the_environment_may_be_what_the_flag_may_be() -> None:
    assert load_settings({"GOVERN_TIMEOUT": "1.5"}).timeout == 1.5
