"""A second opinion before anything is signed: the in-toto library must take the statement for one."""

from __future__ import annotations

from govern.errors import InvalidInput
from govern.intoto.statement import Statement


def check_statement(statement: Statement) -> None:
    """Return if the in-toto library accepts a statement.

    It reads a copy: what it would write is not what we sign (it makes floats of integers).

    Raises:
        InvalidInput: where it does not.
    """
    # Imported here: only who signs pays the 50 ms.
    from google.protobuf.json_format import ParseError
    from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
    from in_toto_attestation.v1.statement import Statement as Reference

    try:
        subjects = [
            ResourceDescriptor(name=one.name, digest={"sha256": one.sha256 or ""}).pb for one in statement.subjects
        ]
        Reference(subjects, statement.predicate_type, dict(statement.predicate) or {"_": ""}).validate()
    except (ValueError, TypeError, ParseError) as fault:
        raise InvalidInput(
            "the statement is not a valid in-toto statement", got=str(fault)[:300], expected="in-toto Statement v1"
        ) from fault
