"""The machine that pushes: processor, memory, graphics processors. Models of them, never serial numbers.

It need not be the machine that trained; what a person says of that is `training.hardware` of the metadata file.
"""

from __future__ import annotations

import os
import platform
import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from govern.capture.nvidia_smi import ask_nvidia_smi
from govern.capture.redact import clean_text
from govern.limits import MAX_GPUS, MAX_HARDWARE, KiB

_MEMORY: Final = re.compile(r"MemTotal:\s+([0-9]{1,12}) kB")
_DRIVER: Final = re.compile(r"\s([0-9]{1,4}(?:\.[0-9]{1,4}){1,3})\s")
_DEVICES: Final = (Path("/dev/nvidiactl"), Path("/dev/dxg"))
"""There is a driver of NVIDIA's: its own device, or the one that Windows lends to Linux."""


def capture_hardware(proc: Path = Path("/proc"), devices: Iterable[Path] = _DEVICES) -> dict[str, Any]:
    """Return what this machine is made of, as far as it says.

    Args:
        proc: where Linux tells it.
        devices: one of these is there where asking NVIDIA's program makes sense.

    Returns:
        `cpu`, a name; `memory`, bytes; `gpus`, a list of {`count`, `model`}; `gpuDriver`, a version. What is not
        known is absent.

    Source: proc_cpuinfo(5), proc_meminfo(5); NVIDIA driver README, "The /proc filesystem interface".
    """
    found: dict[str, Any] = {}
    if cpu := read_cpu(_read(proc / "cpuinfo")) or platform.processor():
        found["cpu"] = clean_text(cpu, 200)
    if memory := read_memory(_read(proc / "meminfo")) or _physical_memory():
        found["memory"] = memory
    models, driver = _nvidia(proc / "driver" / "nvidia")
    if not models and any(one.exists() for one in devices):
        models, driver = read_nvidia_smi(ask_nvidia_smi())
    if models:
        found["gpus"] = [{"count": count, "model": model} for model, count in sorted(Counter(models).items())]
    if driver:
        found["gpuDriver"] = driver
    return found


def read_cpu(text: str) -> str:
    """Return the processor's name out of `/proc/cpuinfo`, or ""."""
    fields = _fields(text)
    if name := fields.get("model name") or fields.get("cpu model"):
        return name
    # ARM has no names there, only numbers (MIDR_EL1).
    implementer, part = fields.get("CPU implementer", ""), fields.get("CPU part", "")
    return f"ARM implementer {implementer} part {part}" if implementer and part else ""


def read_memory(text: str) -> int:
    """Return the bytes of memory out of `/proc/meminfo`, or 0."""
    match = _MEMORY.search(text)
    return int(match[1]) * KiB if match is not None else 0


def read_driver(text: str) -> str:
    """Return the driver's version out of `/proc/driver/nvidia/version`, or ""."""
    match = _DRIVER.search(text.partition("\n")[0])
    return match[1] if match is not None else ""


def read_nvidia_smi(text: str) -> tuple[list[str], str]:
    """Return the names of the processors and the driver's version out of the answer of `nvidia-smi`."""
    rows = [line.rpartition(",") for line in text.splitlines()[: MAX_GPUS.value]]
    models = [clean_text(name, 200) for name, comma, _ in rows if comma and name.strip()]
    driver = read_driver(f" {rows[0][2].strip()} ") if rows else ""
    return models, driver


def _nvidia(folder: Path) -> tuple[list[str], str]:
    places: list[Path] = []
    with suppress(OSError):
        places = sorted((folder / "gpus").iterdir())[: MAX_GPUS.value]
    models = (_fields(_read(one / "information")).get("Model", "") for one in places)
    return [clean_text(one, 200) for one in models if one], read_driver(_read(folder / "version"))


def _fields(text: str) -> dict[str, str]:
    """Return `name: value` of every line; the first of a name counts."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition(":")
        found.setdefault(name.strip(), value.strip())
    return found


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MAX_HARDWARE.value).decode("utf-8", "replace")
    except OSError:
        return ""


def _physical_memory() -> int:
    with suppress(ValueError, OSError, AttributeError):
        return max(0, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return 0
