"""The machine's software: Python, platform, and the versions of the frameworks that are installed.

Never the host's name, the user's name, or a path: a record that is signed stays for ever, and these identify
people and machines without explaining a model.
"""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Final

from govern.capture.redact import clean_text

DISTRIBUTION: Final = "govern-oci"
"""Our own name on the package index (DESIGN §2); recorded as `govern`."""

FRAMEWORKS: Final = (
    "accelerate", "bitsandbytes", "catboost", "datasets", "dask", "deepspeed", "diffusers", "evaluate", "fairlearn",
    "flax", "gguf", "huggingface-hub", "jax", "jaxlib", "keras", "lightgbm", "lightning", "llama-cpp-python",
    "mlflow", "numpy", "onnx", "onnxruntime", "optax", "pandas", "peft", "polars", "pyarrow", "pyspark",
    "pytorch-lightning", "ray", "safetensors", "scikit-learn", "scipy", "sentence-transformers", "spacy",
    "statsmodels", "tensorflow", "tokenizers", "torch", "torchaudio", "torchvision", "transformers", "trl", "vllm",
    "wandb", "xgboost",
)  # fmt: skip
"""Distributions whose versions change what a model is or how its file reads."""


def capture_environment() -> dict[str, str]:
    """Return what this process runs on.

    Returns:
        `cpus`, `govern`, `implementation`, `machine`, `python`, `system`, and `package.NAME` for every
        installed framework. Versions are read from what the installer wrote; nothing is imported.
    """
    found = {
        "cpus": str(os.cpu_count() or 0),
        "govern": _version(DISTRIBUTION) or "unknown",
        "implementation": platform.python_implementation(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "system": platform.system(),
    }
    for name in FRAMEWORKS:
        if version := _version(name):
            found[f"package.{name}"] = version
    return {key: clean_text(value) for key, value in found.items() if value}


def _version(name: str) -> str | None:
    # A half-removed distribution has no metadata, or none with a version: what asks for it by [] warns in Python
    # 3.12 and raises KeyError in later ones, and `metadata` itself is None in some. None of it may stop a push.
    try:
        version: object = next(iter(metadata.distribution(name).metadata.get_all("Version", ())), None)
    except (metadata.PackageNotFoundError, AttributeError, KeyError, OSError, UnicodeError):
        return None
    return version if isinstance(version, str) else None
