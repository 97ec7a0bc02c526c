"""NAME=VALUE texts -> one request row, typed as the service wants it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click
import pyarrow as pa
from pyarrow import types

from featuresql.errors import RequestError
from featuresql.ports import ServiceSchema
from featuresql.spec.column_type import from_arrow


def split_keys(keys: Sequence[str]) -> dict[str, str]:
    """Return the values by their names.

    Raises `click.BadParameter` for a text without `=` and for a name that comes twice.
    """
    found: dict[str, str] = {}
    for key in keys:
        name, equals, value = key.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"'{key}' is no NAME=VALUE", param_hint="--key")
        if name in found:
            raise click.BadParameter(f"'{name}' is given twice", param_hint="--key")
        found[name] = value
    return found


def request_row(texts: Mapping[str, str], service: ServiceSchema) -> pa.RecordBatch:
    """Return one row with a column for each text, in the service's types where it knows them.

    Instants stay texts and unknown names are left in: the request's own check says what is wrong
    with them. Without texts the row has no column. Raises `RequestError` with code `wrong-type`.
    """
    if not texts:
        return pa.record_batch({"": pa.nulls(1)}).select([])
    columns = {name: _column(name, text, service.request) for name, text in texts.items()}
    return pa.record_batch(columns)


def _column(name: str, text: str, schema: pa.Schema) -> pa.Array:
    value = pa.array([text], pa.string())
    target = schema.field(name).type if name in schema.names else pa.string()
    if types.is_timestamp(target):
        return value
    try:
        return value.cast(target)
    except pa.ArrowException:
        raise RequestError(
            f"'{text}' is no {_type_name(target)}, which the column '{name}' needs",
            code="wrong-type",
        ) from None


def _type_name(target: pa.DataType) -> str:
    """Return the type as a project file writes it."""
    return str(from_arrow(target)).lower()
