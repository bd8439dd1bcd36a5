"""What a field of the metadata file may hold: each kind of text and number, refused in the words of its writer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, StrictStr, WithJsonSchema

from govern import canonical
from govern.errors import GovernError, InvalidInput
from govern.limits import MAX_DECIMAL, MAX_LICENCE, MAX_LOCATION, MAX_TEXT
from govern.names import PERSON_ID, Name, Version
from govern.oci.digest import Digest
from govern.oci.reference import parse
from govern.paths import check_path
from govern.predicates.common import is_decimal

_LICENCE_TERM: Final = re.compile(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?[A-Za-z0-9.-]+\+?")
_LICENCE_FAMILIES: Final[Mapping[str, str]] = {
    "agpl": "AGPL-3.0-only", "apache": "Apache-2.0", "apache2": "Apache-2.0", "apache-2": "Apache-2.0",
    "apache2.0": "Apache-2.0", "bsd": "BSD-3-Clause", "cc": "CC-BY-4.0", "cc0": "CC0-1.0", "cc-by": "CC-BY-4.0",
    "cc-by-nc": "CC-BY-NC-4.0", "cc-by-sa": "CC-BY-SA-4.0", "creativeml-openrail-m": "LicenseRef-OpenRAIL-M",
    "eupl": "EUPL-1.2", "gemma": "LicenseRef-Gemma", "gpl": "GPL-3.0-only", "gplv2": "GPL-2.0-only",
    "gplv3": "GPL-3.0-only", "lgpl": "LGPL-3.0-only", "llama": "LicenseRef-Llama", "llama2": "LicenseRef-Llama-2",
    "llama3": "LicenseRef-Llama-3", "mpl": "MPL-2.0", "odbl": "ODbL-1.0", "openrail": "LicenseRef-OpenRAIL",
    "other": "LicenseRef-acme", "proprietary": "LicenseRef-acme", "unknown": "LicenseRef-acme",
}  # fmt: skip
"""What people write for a licence and SPDX does not know; and what they may mean."""

_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s]+")
_LOCAL: Final = re.compile(r"[/~\\]|file:|[A-Za-z]:[\\/]", re.IGNORECASE)


def _text_of_number(value: object) -> object:
    # YAML gave an integer where people wrote a version or a metric; letter for letter the same text.
    return str(value) if type(value) is int else value


def _by(check: Any) -> AfterValidator:
    """A validator that asks a function of ours, whose refusals say what was expected."""

    def validate(text: str) -> str:
        try:
            check(text)
        except GovernError as error:
            raise ValueError(error.message + (f"; {error.hint}" if error.hint else "")) from error
        return text

    return AfterValidator(validate)


def _person(value: object) -> object:
    if isinstance(value, str) and "@" in value:
        raise ValueError(
            "an e-mail address is personal data, and what is signed stays for ever; "
            "write the id that the policy gives the person, for example fraud-team"
        )
    return value


def _decimal(text: str) -> str:
    if not is_decimal(text):
        raise ValueError("this is not a decimal number; write it as 0.93, without units or %")
    return text


def _licence(text: str) -> str:
    depth, operand = 0, True  # `operand`: a licence or an opening bracket comes next
    legal = True
    for word in re.findall(r"[()]|[^\s()]+", text):
        opens, closes, joins = word == "(", word == ")", word in ("AND", "OR", "WITH")
        depth += opens - closes
        known = opens or closes or _LICENCE_TERM.fullmatch(word) is not None
        legal = legal and known and depth >= 0 and operand != (closes or joins)
        if operand and (meant := _LICENCE_FAMILIES.get(word.lower().rstrip("+"))) is not None:
            raise ValueError(f"{word} is not an SPDX expression; say which licence it is, for example {meant}")
        operand = opens or joins
    if not legal or operand or depth:
        raise ValueError("this is not an SPDX expression; write Apache-2.0, MIT OR Apache-2.0, LicenseRef-acme, …")
    return text


def _elsewhere(text: str) -> str:
    if _LOCAL.match(text):
        raise ValueError("a path of this machine says nothing elsewhere; write an id, a URI or a relative path")
    return text


def _uri(text: str) -> str:
    if not _URI.fullmatch(text):
        raise ValueError("this is not a URI; write for example s3://bucket/key or https://host/path")
    return _elsewhere(text)


def _reference(text: str) -> None:
    reference = parse(text)
    if reference.tag is None and reference.digest is None:
        raise InvalidInput("the reference names no version", expected="…@sha256:… or …:TAG")


def _value(value: object) -> object:
    if not isinstance(value, bool | int | str):
        raise ValueError("a hyperparameter is text, an integer, true or false; write nested ones as optimizer.beta1")
    if isinstance(value, int) and abs(value) > canonical.MAX_SAFE_INTEGER:
        raise ValueError(f"an integer of 2^53 or more does not survive JSON; write it in quotes: '{value}'")
    return value


_Number = BeforeValidator(_text_of_number)
# An editor that checks the file by the schema reads 0.93 as a number, where this reader keeps its letters.
_number_schema = WithJsonSchema({"type": ["string", "number"]})
Words = Annotated[StrictStr, Field(min_length=1, max_length=MAX_TEXT.value)]
# Lengths stand first: pydantic then counts characters, and the other checks see no longer text.
Location = Annotated[StrictStr, Field(min_length=1, max_length=MAX_LOCATION.value), AfterValidator(_elsewhere)]
Id = Annotated[Location, _Number, _number_schema]
Person = Annotated[StrictStr, BeforeValidator(_person), Field(pattern=PERSON_ID)]
Decimal = Annotated[StrictStr, Field(max_length=MAX_DECIMAL.value), _Number, AfterValidator(_decimal), _number_schema]
VersionText = Annotated[StrictStr, _Number, _by(Version), _number_schema]
TreePath = Annotated[StrictStr, _by(check_path)]
Hyperparameter = Annotated[
    StrictBool | StrictInt | StrictStr,
    BeforeValidator(_value),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]
ReferenceText = Annotated[StrictStr, _by(_reference)]
Uri = Annotated[StrictStr, AfterValidator(_uri)]
DigestText = Annotated[StrictStr, _by(Digest)]
NameText = Annotated[StrictStr, _by(Name)]
Licence = Annotated[StrictStr, Field(max_length=MAX_LICENCE.value), AfterValidator(_licence)]
Commit = Annotated[StrictStr, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
Seed = Annotated[StrictInt, Field(ge=-canonical.MAX_SAFE_INTEGER, le=canonical.MAX_SAFE_INTEGER)]
