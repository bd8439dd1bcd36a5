"""What leaves is RFC 8785; what enters is strict JSON, or a refusal that says why."""

from __future__ import annotations

import time

import pytest

from govern import canonical
from govern.errors import Denied, GovernError, InvalidInput, LimitExceeded
from govern.limits import MAX_JSON_DEPTH, Bound

BOUND = Bound("MAX_TEST", 1000)
LARGE = Bound("MAX_LARGE", 10_000_000)


def loads(data: bytes | str, *, bound: Bound = LARGE, **options):
    return canonical.loads(data.encode() if isinstance(data, str) else data, "the thing", bound=bound, **options)


def refusal(data: bytes | str, **options) -> str:
    with pytest.raises(InvalidInput) as refused:
        loads(data, **options)
    return refused.value.message


def nested(depth: int, inside: str = "1") -> str:
    return "[" * depth + inside + "]" * depth


# --- out -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1, "a": [True, None, "x"]}, b'{"a":[true,null,"x"],"b":1}'),
        ({"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\u00f6": 7},
         '{"\\r":2,"1":4,"\x80":6,"\u00f6":7,"\u20ac":1,"\U0001f600":5,"\ufb33":3}'.encode()),
        ("\x00\x08\t\n\x0c\r\x1f\"\\/\x7f\u2028", '"\\u0000\\b\\t\\n\\f\\r\\u001f\\"\\\\/\x7f\u2028"'.encode()),
        (2**53 - 1, b"9007199254740991"),
        (-(2**53) + 1, b"-9007199254740991"),
        ((1, 2), b"[1,2]"),
    ],
)  # fmt: skip
def test_canonical_bytes_are_those_of_rfc_8785(value, expected):
    assert canonical.dumps(value) == expected


@pytest.mark.parametrize(
    "value", [1.0, 0.5, float("nan"), float("inf"), {"a": [1.5]}, 2**53, -(2**53), {"a": {"b": 2**64}}]
)
def test_a_number_that_would_not_survive_is_refused_with_how_to_write_it(value):
    with pytest.raises(InvalidInput) as refused:
        canonical.dumps(value)
    assert "as a string" in refused.value.hint


@pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}, [{"a": "x\udc00y"}]])
def test_a_lone_surrogate_is_never_written(value):
    with pytest.raises(InvalidInput, match="not Unicode"):
        canonical.dumps(value)


@pytest.mark.parametrize("value", [{1: 2}, {None: 1}, b"bytes", {1, 2}, object(), [Ellipsis]])
def test_what_has_no_place_in_json_is_refused(value):
    with pytest.raises(InvalidInput):
        canonical.dumps(value)


def test_a_value_that_holds_itself_is_refused():
    value: list[object] = []
    value.append(value)
    with pytest.raises(InvalidInput, match="MAX_JSON_DEPTH"):
        canonical.dumps(value)


def test_an_integer_of_thousands_of_digits_is_refused():
    with pytest.raises(InvalidInput):
        canonical.dumps(10**5000)


# --- in ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"a":1,"\\u0061":2}',
        '[[{"b":{"a":1,"c":2,"a":3}}]]',
        '{"x":[{"y":{"z":0,"z":0}}]}',
        '{"":1,"":1}',
    ],
)
def test_a_key_that_stands_twice_is_refused_at_any_depth(text):
    assert "twice" in refusal(text)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", '{"a":NaN}', "[1,[Infinity]]", "1e400", "-1e999"])
def test_a_number_that_is_none_is_refused(text):
    assert "number" in refusal(text)


@pytest.mark.parametrize("text", ["1.0", "1e2", "1E2", "0.5", "-0.0", '{"a":[1.5]}'])
def test_floats_are_refused_where_they_may_not_stand(text):
    assert "decimal string" in refusal(text, floats=False)
    loads(text)


@pytest.mark.parametrize(
    "text", ['"\\ud800"', '"\\udc00\\ud800"', '{"\\ud800":1}', '[["\\uDFFF"]]', '{"a":{"b":"\\ud83d"}}']
)
def test_a_lone_surrogate_is_refused(text):
    assert "surrogate" in refusal(text)


def test_a_pair_of_surrogates_is_one_letter():
    assert loads('"\\ud83d\\ude00"') == "\U0001f600"


@pytest.mark.parametrize(
    "data", [b'"\xed\xa0\x80"', b'"\xff"', b"\xc0\x80", '"é"'.encode("latin-1"), "1".encode("utf-16")]
)
def test_other_encodings_than_utf_8_are_refused(data):
    assert "UTF-8" in refusal(data)


def test_a_byte_order_mark_is_refused():
    assert "byte order mark" in refusal("\ufeff1")


@pytest.mark.parametrize(
    "text", ["", " ", "{", "[1,]", "{'a':1}", "01", "1 2", "nul", '"\t"', "+1", "/**/1", "[1]x", "\x00"]
)
def test_what_is_not_json_is_refused(text):
    refusal(text)


@pytest.mark.parametrize("close", ["]", "", "}"])
@pytest.mark.parametrize("depth", [MAX_JSON_DEPTH.value + 1, 2_000, 100_000, 1_000_000])
def test_deep_nesting_is_refused(depth, close):
    message = refusal("[" * depth + "1" + close * depth)
    assert "MAX_JSON_DEPTH" in message or close != "]"


def test_deep_nesting_of_objects_is_refused():
    assert "MAX_JSON_DEPTH" in refusal('{"a":' * 200 + "1" + "}" * 200)


def test_reading_and_writing_agree_on_how_deep_is_too_deep():
    deepest = loads(nested(MAX_JSON_DEPTH.value))
    assert canonical.dumps(deepest) == nested(MAX_JSON_DEPTH.value).encode()
    with pytest.raises(InvalidInput):
        canonical.dumps([deepest])
    refusal(nested(MAX_JSON_DEPTH.value + 1))


def test_many_flat_brackets_are_not_nesting():
    assert loads("[" + ",".join(["[]"] * 1000) + "]") == [[]] * 1000


def test_oversized_input_is_refused_before_it_is_parsed_and_the_bound_is_named():
    assert "MAX_TEST" in refusal(b"\xff" * 1001, bound=BOUND)
    assert loads(b" " * 999 + b"1", bound=BOUND) == 1


@pytest.mark.parametrize("text", ["1" * 5000, "[" + "-" + "9" * 4301 + "]"])
def test_a_number_of_thousands_of_digits_is_refused(text):
    assert "digits" in refusal(text)


@pytest.mark.parametrize("error", [Denied, LimitExceeded, InvalidInput])
@pytest.mark.parametrize("text", ["{", '{"a":1,"a":1}', "NaN", nested(500), '"\\ud800"', " " * 1001])
def test_the_caller_chooses_the_error(text, error):
    with pytest.raises(GovernError) as refused:
        loads(text, bound=BOUND if len(text) > 1000 else LARGE, error=error)
    assert type(refused.value) is error


# The time is quadratic in the keys: 4 MiB, which any registry may serve, take half an hour.
def test_many_keys_of_which_one_stands_twice_are_refused_at_once():
    text = "{" + ",".join(f'"{number}":0' for number in range(10_000)) + ',"x":0,"x":0}'
    start = time.process_time()
    refusal(text)
    assert time.process_time() - start < 0.3


def test_a_refusal_is_short_however_long_the_key():
    key = "k" * 100_000
    assert len(refusal(f'{{"{key}":1,"{key}":2}}')) < 1000


@pytest.mark.parametrize(
    ("value", "word"),
    [({}, "an object"), ([], "an array"), ("", "a string"), (1, "an integer"), (1.5, "a number"), (True, "a boolean"),
    (None, "null")],
)  # fmt: skip
def test_values_are_called_by_their_json_names(value, word):
    assert canonical.describe(value) == word
