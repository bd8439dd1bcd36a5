"""The technical half of a ModelPack config, from what file headers say.

Source: CNCF model-spec docs/config.md, "config".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from govern.artifact.headers.header import Header

_FORMATS: Final = ("safetensors", "gguf", "onnx")
"""One model is often there in several formats; the one that others are made from comes first."""

_SCALES: Final = ((10**3, "K"), (10**6, "M"), (10**9, "B"), (10**12, "T"), (10**15, "Q"))
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")


def model_config(headers: Sequence[Header], hf_config: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the `config` object: architecture, format, paramSize, precision and quantization.

    What is not known is left out, and so is what would be a guess:

    - Of several formats one speaks, safetensors before GGUF before ONNX, as copies of one model in
      several formats must not add up.
    - Shards add up. Several ONNX files, or GGUF files of different quantization, are not shards: they
      have no common `paramSize`. Nor has a quantised safetensors model with integer tensors, whose
      elements hold several parameters each (GPTQ, AWQ, MXFP4).
    - A word that files contradict each other about is left out.

    Args:
        headers: of all weights files of the artifact, in any order.
        hf_config: the parsed root `config.json` of a Hugging Face layout, or None. Its `model_type` is the
            architecture, and its `quantization_config.quant_method` the quantization, where headers
            name none.
    """
    chosen = next((name for name in _FORMATS if any(one.format == name for one in headers)), None)
    weights = [one for one in headers if one.format == chosen]
    method = _method(hf_config)
    known = {
        "architecture": _common(weights, lambda one: one.architecture) or _word(hf_config, "model_type"),
        "format": chosen,
        "paramSize": _size(weights, method),
        "precision": _precision(weights),
        "quantization": _common(weights, lambda one: one.quantization) or method,
    }
    return {key: value for key, value in known.items() if value}


def parameter_size(parameters: int) -> str | None:
    """Return a number of parameters as ModelPack writes it, or None below 50, which would be `0.0K`.

    A decimal count with at most one digit behind the point, rounded half up, no `.0`, and the smallest of
    K, M, B, T, Q that keeps it below a thousand: `6.7B`, `7B`, `110M`, `0.4K`. The spec has no form
    without a letter, so what is below a thousand is written in thousands.
    """
    for unit, letter in _SCALES:
        tenths = (parameters * 10 + unit // 2) // unit
        # 999,950 rounds to 1000.0K, which is 1M: the rounded count decides.
        if tenths < 10_000 or letter == "Q":
            whole, tenth = divmod(tenths, 10)
            return (f"{whole}.{tenth}{letter}" if tenth else f"{whole}{letter}") if tenths else None
    return None


def _size(weights: Sequence[Header], method: str | None) -> str | None:
    counts = [one.parameters for one in weights]
    if not weights or None in counts:
        return None
    match weights[0].format:
        case "safetensors" if method and any("int" in name for one in weights for name in one.precisions):
            return None
        case "gguf" if len({one.quantization for one in weights} - {None}) > 1:
            return None
        case "onnx" if len(weights) > 1:
            return None
    return parameter_size(sum(count for count in counts if count is not None))


def _precision(weights: Sequence[Header]) -> str:
    total: Counter[str] = Counter()
    for one in weights:
        total.update(one.precisions)
    return ",".join(sorted((name for name in total if total[name]), key=lambda name: (-total[name], name)))


def _common(weights: Sequence[Header], read: Callable[[Header], str | None]) -> str | None:
    words = {word for one in weights if (word := read(one)) is not None}
    return words.pop() if len(words) == 1 else None


def _method(hf_config: Mapping[str, Any] | None) -> str | None:
    quantised = (hf_config or {}).get("quantization_config")
    return _word(quantised, "quant_method") if isinstance(quantised, Mapping) else None


def _word(config: Mapping[str, Any] | None, key: str) -> str | None:
    # Words only: this goes into the artifact and onto terminals.
    value = (config or {}).get(key)
    return value if isinstance(value, str) and _WORD.fullmatch(value) is not None else None
