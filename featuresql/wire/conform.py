"""Brings rows from outside to exactly the columns and types that a service has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from featuresql.errors import RequestError, did_you_mean

Rows = TypeVar("Rows", pa.RecordBatch, pa.Table)

# Microseconds from 1970 to the first and the last instant of the years 1 to 9999.
MIN_INSTANT_US: Final = -62_135_596_800_000_000
MAX_INSTANT_US: Final = 253_402_300_799_999_999
_ZONE: Final = r"(Z|z|[+-][0-9]{2}(:?[0-9]{2})?)$"
_DAY: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def conform(
    rows: Rows, schema: pa.Schema, *, what: str, optional: frozenset[str] = frozenset()
) -> Rows:
    """Return `rows` with the columns of `schema`, in its order and with its types.

    `what` names the rows in errors, such as "the spine". A column in `optional` may be absent and
    is left out then. Types are converted where no value changes: texts of any layout, integers that
    fit, instants (without a zone they are UTC) and ISO 8601 texts for instants, columns of nothing
    but NULL. The rows must be valid Arrow data.

    Raises `RequestError` with code `duplicate-column`, `unknown-column`, `missing-column`,
    `wrong-type`, `lossy-value` or `instant-range`.
    """
    given = rows.schema
    _check_columns(given.names, schema.names, what, optional)
    fields = [field for field in schema if field.name not in optional or field.name in given.names]
    columns = [_conform_column(rows.column(field.name), field, what) for field in fields]
    if not fields:  # from_arrays would take no columns for no rows
        return rows
    return type(rows).from_arrays(columns, schema=pa.schema(fields))


def _check_columns(
    given: list[str], wanted: list[str], what: str, optional: frozenset[str]
) -> None:
    twice = next((name for name in given if given.count(name) > 1), None)
    if twice is not None:
        raise RequestError(
            f"{what} has the column '{twice}' more than once",
            code="duplicate-column",
            hint="give each column a name of its own",
        )
    for name in given:
        if name not in wanted:
            raise RequestError(
                f"{what} has the unknown column '{name}'",
                code="unknown-column",
                hint=did_you_mean(name, wanted),
            )
    for name in wanted:
        if name not in given and name not in optional:
            needed = ", ".join(n for n in wanted if n not in optional)
            raise RequestError(
                f"{what} lacks the column '{name}'",
                code="missing-column",
                hint=f"needed: {needed}",
            )


def _conform_column(column: pa.Array, field: pa.Field, what: str) -> pa.Array:
    target = field.type
    if types.is_dictionary(column.type):
        column = _cast(column, column.type.value_type, field.name, what)
    if types.is_null(column.type) and not types.is_null(target):
        return _cast(column, target, field.name, what)
    if types.is_timestamp(target):
        return _conform_instants(column, field, what)
    if column.type.equals(target):
        return column
    if not _is_convertible(column.type, target):
        raise RequestError(
            f"column '{field.name}' of {what} has the type {column.type}, {target} is needed",
            code="wrong-type",
            hint=f"send '{field.name}' as {target}",
        )
    converted = _cast(column, target, field.name, what)
    if types.is_floating(target) and not _is_same(column, converted):
        raise _lossy(field.name, what, target)
    return converted


def _is_convertible(given: pa.DataType, target: pa.DataType) -> bool:
    """Whether values of `given` are values of `target` too, once they are known to fit."""
    if types.is_nested(target):
        return _is_convertible_nested(given, target)
    families: tuple[tuple[Iterable[bool], bool], ...] = (
        ((types.is_string(target),), _is_text(given)),
        ((types.is_binary(target),), _is_binary(given)),
        ((types.is_integer(target),), types.is_integer(given)),
        ((types.is_floating(target),), types.is_floating(given) or types.is_integer(given)),
        ((types.is_decimal(target),), types.is_decimal(given) or types.is_integer(given)),
        ((types.is_date(target),), types.is_date(given)),
        ((types.is_time(target),), types.is_time(given)),
    )
    return any(any(applies) and fits for applies, fits in families)


def _is_convertible_nested(given: pa.DataType, target: pa.DataType) -> bool:
    if types.is_list(target):
        is_list = types.is_list(given) or types.is_large_list(given)
        is_list = is_list or types.is_fixed_size_list(given)
        return is_list and _is_same_or_convertible(given.value_type, target.value_type)
    if types.is_struct(target):
        return (
            types.is_struct(given)
            and [f.name for f in given] == [f.name for f in target]
            and all(_is_same_or_convertible(given.field(f.name).type, f.type) for f in target)
        )
    return False


def _is_same_or_convertible(given: pa.DataType, target: pa.DataType) -> bool:
    return bool(given.equals(target)) or types.is_null(given) or _is_convertible(given, target)


def _is_text(given: pa.DataType) -> bool:
    return bool(
        types.is_string(given) or types.is_large_string(given) or types.is_string_view(given)
    )


def _is_binary(given: pa.DataType) -> bool:
    return bool(
        types.is_binary(given)
        or types.is_large_binary(given)
        or types.is_binary_view(given)
        or types.is_fixed_size_binary(given)
    )


def _cast(column: pa.Array, target: pa.DataType, name: str, what: str) -> pa.Array:
    try:
        return column.cast(target)
    except pa.ArrowMemoryError:
        raise
    except pa.ArrowException as error:
        raise _lossy(name, what, target) from error


def _lossy(name: str, what: str, target: pa.DataType) -> RequestError:
    return RequestError(
        f"column '{name}' of {what} has a value that {target} cannot hold unchanged",
        code="lossy-value",
        hint=f"convert '{name}' to {target} before it is sent",
    )


def _is_same(column: pa.Array, converted: pa.Array) -> bool:
    """Whether floats are what they were: NaN stays NaN, and no digits are gone."""
    back = converted.cast(column.type, safe=False)
    same = pc.equal(back, column)
    if types.is_floating(column.type):
        same = pc.or_(same, pc.and_(pc.is_nan(back), pc.is_nan(column)))
    return pc.all(same).as_py() is not False


def _conform_instants(column: pa.Array, field: pa.Field, what: str) -> pa.Array:
    target = field.type
    if _is_text(column.type):
        column = _parse_texts(column, field.name, what)
    if not types.is_timestamp(column.type):
        raise RequestError(
            f"column '{field.name}' of {what} has the type {column.type}, instants are needed",
            code="wrong-type",
            hint="send timestamps or ISO 8601 texts; without a zone they are UTC",
        )
    # Arrow counts zoned instants in UTC and reads naive ones as UTC where it casts them to it.
    column = column if column.type.equals(target) else _cast(column, target, field.name, what)
    bounds = pc.min_max(column.cast(pa.int64()))
    low, high = bounds["min"].as_py(), bounds["max"].as_py()
    if low is not None and (low < MIN_INSTANT_US or high > MAX_INSTANT_US):
        raise RequestError(
            f"column '{field.name}' of {what} has an instant outside the years 1 to 9999",
            code="instant-range",
            hint="use NULL for an instant that is not known",
        )
    return column


def _parse_texts(column: pa.Array, name: str, what: str) -> pa.Array:
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    is_day = pc.match_substring_regex(text, _DAY)
    has_zone = pc.and_(pc.match_substring_regex(text, _ZONE), pc.invert(is_day))
    text = pc.if_else(is_day, pc.binary_join_element_wise(text, "T00:00:00", ""), text)
    text = pc.if_else(has_zone, text, pc.binary_join_element_wise(text, "Z", ""))
    try:
        return text.cast(pa.timestamp("us", tz="UTC"))
    except pa.ArrowInvalid as error:
        raise RequestError(
            f"column '{name}' of {what} has a text that is no instant",
            code="lossy-value",
            hint="write instants as 2013-07-01T12:00:00Z, with microseconds at most",
        ) from error


def type_null_columns(rows: Rows, schema: pa.Schema) -> Rows:
    """Return `rows` with columns of nothing but NULL in the types that `schema` has for them."""
    columns = [
        column.cast(schema.field(name).type)
        if types.is_null(column.type) and name in schema.names
        else column
        for name, column in zip(rows.schema.names, rows.columns, strict=True)
    ]
    return type(rows).from_arrays(columns, names=rows.schema.names)
