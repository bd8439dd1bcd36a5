"""Trees of files for packing. Every byte follows from the tree's name, so golden digests can be of them.

A change here changes `tests/vectors/artifacts/`; a change of those digests without one here breaks the promise
that a version, once registered, is packed to the same digest for ever (FORMAT §3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from support.model_files import (
    gguf,
    gguf_pair,
    gguf_tensor,
    gguf_text,
    onnx_graph,
    onnx_model,
    onnx_tensor,
    safetensors,
)

Files = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class TreeOf:
    """A tree that has golden bytes.

    Args:
        name: of the tree, and of the artifact: `golden/NAME`.
        kind: what it is packed as.
        files: makes content by path.
    """

    name: str
    kind: Literal["model", "dataset"]
    files: Callable[[], Files]


def write_tree(folder: Path, files: Files) -> Path:
    """Write files by path into a new folder, and return it."""
    folder.mkdir(parents=True)
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder


def text(path: str, size: int) -> bytes:
    """Return `size` bytes of text that only this path has."""
    line = f"a line of {path}\n".encode()
    return (line * (size // len(line) + 1))[:size]


def small_safetensors(rows: int = 4) -> bytes:
    """Return a safetensors file with a matrix of `rows` by 8 and a vector."""
    return safetensors({"w": ("F32", [rows, 8], rows * 32), "b": ("BF16", [rows], rows * 2)}, {"format": "pt"})


def small_gguf() -> bytes:
    """Return a GGUF file of a small llama, quantised as Q8_0."""
    pairs = [
        gguf_pair("general.architecture", 8, gguf_text("llama")),
        gguf_pair("general.file_type", 4, (7).to_bytes(4, "little")),
    ]
    return gguf(pairs, [gguf_tensor("w", [32, 32], 8, 0)], data=34 * 32)


def small_onnx() -> bytes:
    """Return an ONNX file with one matrix."""
    return onnx_model(onnx_graph(onnx_tensor([4, 8], 1, bytes(128))))


def _plain() -> Files:
    return {
        "LICENSE": text("LICENSE", 300),
        "README.md": text("README.md", 900),
        "config.json": b'{"model_type": "fraud-net"}',
        "model.safetensors": small_safetensors(),
        "again/model.safetensors": small_safetensors(),
        "onnx/model.onnx": small_onnx(),
        "empty.txt": b"",
        "data/sample.csv": b"amount,fraud\n1,0\n",
        "src/predict.py": b"print('fraud')\n",
        # UTF-8 and UTF-16 order these two differently; capitals come before small letters.
        "notes/\uff5e.md": b"a wide tilde\n",
        "notes/\U0001f600.md": b"a face\n",
        "notes/Z.md": b"Z\n",
        "notes/caf\u00e9.md": b"coffee\n",
        "runtime.bin": bytes(range(1, 256)),
    }


def _sharded() -> Files:
    return {
        "config.json": b'{"model_type": "llama", "quantization_config": {"quant_method": "none"}}',
        "model-00001-of-00002.safetensors": small_safetensors(1_000),
        "model-00002-of-00002.safetensors": small_safetensors(500),
        "model.safetensors.index.json": b'{"weight_map": {"w": "model-00001-of-00002.safetensors"}}',
        "tokenizer.json": b'{"version": "1.0"}',
    }


def _dataset() -> Files:
    return {
        "README.md": text("README.md", 200),
        "test/part-0.csv": text("test/part-0.csv", 5_000),
        "train/part-0.csv": text("train/part-0.csv", 9_000),
        "train/part-1.csv": text("train/part-1.csv", 9_000),
    }


def _bundled() -> Files:
    folders = (("conf", "json", 150), ("data", "csv", 150), ("docs", "md", 120), ("src", "py", 110))
    files = {
        f"{folder}/{number:03d}.{ending}": text(f"{folder}/{number}", number * 7)
        for folder, ending, count in folders
        for number in range(count)
    }
    largest = 4 * 1024 * 1024
    return files | {
        "data/" + "n" * 91 + ".csv": b"a name of 100 bytes\n",
        "data/" + "n" * 92 + ".csv": b"a name of 101 bytes\n",
        "data/caf\u00e9.csv": b"a name beyond ASCII\n",
        "data/large.csv": text("large", largest + 1),
        "data/largest-in-a-tar.csv": text("largest", largest),
        "model.gguf": small_gguf(),
        "model.safetensors": small_safetensors(),
        "runtime.bin": bytes(range(1, 256)),
    }


PLAIN: Final = TreeOf("plain", "model", _plain)
SHARDED: Final = TreeOf("sharded", "model", _sharded)
DATASET: Final = TreeOf("dataset", "dataset", _dataset)
BUNDLED: Final = TreeOf("bundled", "model", _bundled)
"""More than 512 files: four tars, files that stay outside of them, and the list of all."""

GOLDEN: Final = (PLAIN, SHARDED, DATASET, BUNDLED)
