"""The ModelPack config: what several headers say together, and what is left out instead of guessed."""

from __future__ import annotations

from typing import Any

import pytest

from govern.artifact.headers.header import Header
from govern.artifact.headers.modelpack import model_config, parameter_size


def header(
    form: str = "safetensors",
    precisions: dict[str, int] | None = None,
    architecture: str | None = None,
    quantization: str | None = None,
) -> Header:
    counts = {"float32": 1000} if precisions is None else precisions
    return Header(form, sum(counts.values()), counts, architecture, quantization)


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        (6_738_415_616, "6.7B"),
        (7_000_000_000, "7B"),
        (6_950_000_000, "7B"),
        (6_949_999_999, "6.9B"),
        (1_000_000_000_000, "1T"),
        (671_026_419_200, "671B"),
        (110_000_000, "110M"),
        (309_633, "309.6K"),
        (950_000, "950K"),
        (999_949, "999.9K"),
        (999_950, "1M"),
        (999_950_000_000_000, "1Q"),
        (123_456_000_000_000_000_000, "123456Q"),
        (1_000, "1K"),
        (999, "1K"),
        (449, "0.4K"),
        (50, "0.1K"),
        (49, None),
        (0, None),
    ],
)
def test_a_size_is_written_as_the_spec_says(parameters: int, text: str | None) -> None:
    assert parameter_size(parameters) == text


def test_nothing_known_is_an_empty_config() -> None:
    assert model_config([], None) == {}


def test_shards_add_up_in_any_order() -> None:
    shards = [
        header(precisions={"bfloat16": 4_000_000, "float32": 10}),
        header(precisions={"bfloat16": 2_000_000, "float32": 700_000}),
    ]
    wanted = {"format": "safetensors", "paramSize": "6.7M", "precision": "bfloat16,float32"}
    assert model_config(shards, None) == wanted
    assert model_config(shards[::-1], None) == wanted


def test_precisions_stand_by_share_and_then_by_name() -> None:
    config = model_config([header(precisions={"uint8": 5, "int8": 5, "float16": 9, "none": 0})], None)
    assert config["precision"] == "float16,int8,uint8"


def test_of_several_formats_one_speaks() -> None:
    config = model_config([header("onnx"), header("gguf", architecture="llama"), header()], None)
    assert config == {"format": "safetensors", "paramSize": "1K", "precision": "float32"}


def test_several_onnx_files_have_no_common_size() -> None:
    assert model_config([header("onnx")], None)["paramSize"] == "1K"
    assert model_config([header("onnx"), header("onnx")], None) == {"format": "onnx", "precision": "float32"}


def test_gguf_files_of_different_quantization_have_no_common_size() -> None:
    shards = [header("gguf", {"q4_k": 4000}, "llama", "Q4_K_M"), header("gguf", {"q4_k": 3000})]
    assert model_config(shards, None) == {
        "architecture": "llama",
        "format": "gguf",
        "paramSize": "7K",
        "precision": "q4_k",
        "quantization": "Q4_K_M",
    }
    variants = [*shards, header("gguf", {"q8_0": 7000}, "llama", "Q8_0")]
    assert model_config(variants, None) == {"architecture": "llama", "format": "gguf", "precision": "q4_k,q8_0"}


def test_a_size_that_one_header_does_not_know_is_left_out() -> None:
    assert "paramSize" not in model_config([header(), Header("safetensors", None, {}, None, None)], None)


def test_headers_go_before_the_config_file() -> None:
    config = {"model_type": "mistral", "quantization_config": {"quant_method": "gptq"}}
    found = model_config([header("gguf", {"q4_0": 2000}, "llama", "Q4_0")], config)
    assert (found["architecture"], found["quantization"]) == ("llama", "Q4_0")


def test_the_config_file_names_what_headers_do_not() -> None:
    found = model_config([header()], {"model_type": "qwen2_vl", "hidden_size": 3})
    assert found["architecture"] == "qwen2_vl"
    assert model_config([], {"model_type": "bert"}) == {"architecture": "bert"}


def test_packed_integers_have_no_known_number_of_parameters() -> None:
    config = {"quantization_config": {"quant_method": "awq"}}
    packed = model_config([header(precisions={"int32": 500_000, "float16": 9_000})], config)
    assert packed == {"format": "safetensors", "precision": "int32,float16", "quantization": "awq"}
    fp8 = {"quantization_config": {"quant_method": "fp8"}}
    assert model_config([header(precisions={"float8_e4m3": 2000})], fp8)["paramSize"] == "2K"


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": 3},
        {"model_type": ""},
        {"model_type": "a b"},
        {"model_type": "x" * 101},
        {"model_type": "\x1b[2J"},
        {"model_type": ["llama"], "quantization_config": "awq"},
        {"quantization_config": {"quant_method": {}}},
        {"quantization_config": None},
    ],
)
def test_what_is_no_word_is_left_out(config: dict[str, Any]) -> None:
    assert model_config([], config) == {}
