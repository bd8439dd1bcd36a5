"""The machine is told by the models of its parts, never by what only one machine has."""

from __future__ import annotations

import pytest

from govern.capture.hardware import capture_hardware, read_cpu, read_driver, read_memory, read_nvidia_smi

CPUINFO = """\
processor\t: 0
vendor_id\t: AuthenticAMD
model name\t: AMD EPYC 9454 48-Core Processor
processor\t: 1
model name\t: another
"""
ARM = "processor\t: 0\nBogoMIPS\t: 2000.00\nCPU implementer\t: 0x41\nCPU part\t: 0xd4f\nSerial\t\t: 00000000deadbeef\n"
MEMINFO = "MemTotal:       24684112 kB\nMemFree:        20118040 kB\n"
VERSION = (
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.129.03  Thu Oct 19 18:56:32 UTC 2023\n"
    "GCC version:  gcc version 11.4.0 (Ubuntu 11.4.0-1ubuntu1~22.04)\n"
)
OPEN = (
    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  555.42.06  Release Build  (abuild@host)  "
    "Thu Jul 11 12:00:00 UTC 2024\n"
)
INFORMATION = """\
Model: \t\t NVIDIA H100 80GB HBM3
IRQ:   \t\t 318
GPU UUID: \t GPU-8f14e45f-ceea-167a-5a36-dedd4bea2543
Bus Location: \t 0000:1b:00.0
"""


@pytest.fixture
def proc(tmp_path):
    folder = tmp_path / "proc"
    (folder / "driver" / "nvidia" / "gpus").mkdir(parents=True)
    (folder / "cpuinfo").write_text(CPUINFO)
    (folder / "meminfo").write_text(MEMINFO)
    (folder / "driver" / "nvidia" / "version").write_text(VERSION)
    for number, text in enumerate([INFORMATION, INFORMATION, INFORMATION.replace("H100 80GB HBM3", "A2")]):
        one = folder / "driver" / "nvidia" / "gpus" / f"0000:{number}b:00.0"
        one.mkdir()
        (one / "information").write_text(text)
    return folder


def test_a_machine_is_told_by_its_models(proc):
    assert capture_hardware(proc, ()) == {
        "cpu": "AMD EPYC 9454 48-Core Processor",
        "memory": 24684112 * 1024,
        "gpus": [{"count": 1, "model": "NVIDIA A2"}, {"count": 2, "model": "NVIDIA H100 80GB HBM3"}],
        "gpuDriver": "535.129.03",
    }


def test_what_only_one_machine_has_is_not_told(proc):
    (proc / "cpuinfo").write_text(ARM)
    told = repr(capture_hardware(proc, ()))
    for private in ("8f14e45f", "1b:00", "deadbeef", "abuild"):
        assert private not in told
    assert "ARM implementer 0x41 part 0xd4f" in told


def test_a_machine_that_says_nothing_is_told_as_that(tmp_path):
    assert set(capture_hardware(tmp_path, ())) <= {"cpu", "memory"}


@pytest.mark.parametrize("text", ["", "\x00\xff", "model name", "MemTotal: many kB", "\n" * 1000])
def test_what_is_not_understood_is_no_fact(text):
    assert read_cpu(text) == ""
    assert read_memory(text) == 0
    assert read_driver(text) == ""
    assert read_nvidia_smi(text) == ([], "")


def test_the_open_module_is_a_driver_too():
    assert read_driver(OPEN) == "555.42.06"


def test_values_are_bounded_and_hold_no_secret(proc):
    (proc / "cpuinfo").write_text("model name : " + "x" * 200_000)
    (proc / "driver" / "nvidia" / "gpus" / "0000:0b:00.0" / "information").write_text("Model: ghp_" + "a" * 36)
    found = capture_hardware(proc, ())
    assert len(found["cpu"]) == 200
    assert {"count": 1, "model": "[redacted]"} in found["gpus"]


def test_this_machine_says_something():
    found = capture_hardware()
    assert found["memory"] > 2**20
