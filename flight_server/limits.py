"""Judges what came from outside before anything touches its values."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from featuresql.errors import RequestError
from flight_server.config import Limits


def check_batch(batch: pa.RecordBatch, limits: Limits) -> None:
    """Raise `RequestError` where a received batch is too large, of a strange kind or malformed.

    The order matters: counts and buffer sizes can be read from any batch, types tell which columns
    claim rows that cost no bytes, and only then are values looked at. A batch that has passed can
    be cast without surprise.
    """
    check_size(batch, limits)
    for field in batch.schema:
        _check_type(field.name, field.type)
    try:
        batch.validate()
        _check_written_bytes(batch, limits)
        batch.validate(full=True)
    except pa.ArrowInvalid as error:
        raise RequestError(
            "the message is no valid Arrow data",
            code="malformed",
            hint="write it with an Arrow library, from arrays that validate",
        ) from error


def check_size(batch: pa.RecordBatch, limits: Limits) -> None:
    """Raise `RequestError` where a batch has more rows, columns or bytes than one message may."""
    found = {
        "max_rows": ("rows", batch.num_rows),
        "max_columns": ("columns", batch.num_columns),
        "max_bytes": ("bytes", batch.get_total_buffer_size()),
    }
    for limit, (unit, size) in found.items():
        most = getattr(limits, limit)
        if size > most:
            raise RequestError(
                f"a message holds {size:,} {unit}, the server's limit {limit} is {most:,}",
                code="too-large",
                hint=f"send several messages, or serve with a greater --limit {limit}=NUMBER",
            )


def _check_type(name: str, kind: pa.DataType) -> None:
    is_empty = (
        types.is_null(kind)
        or (types.is_fixed_size_binary(kind) and kind.byte_width == 0)
        or (types.is_fixed_size_list(kind) and kind.list_size == 0)
        or (types.is_struct(kind) and kind.num_fields == 0)
    )
    is_strange = (
        types.is_run_end_encoded(kind)
        or types.is_union(kind)
        or types.is_map(kind)
        or types.is_list_view(kind)
        or types.is_large_list_view(kind)
        or isinstance(kind, pa.BaseExtensionType)
        or (types.is_dictionary(kind) and types.is_nested(kind.value_type))
    )
    if is_empty or is_strange:
        raise RequestError(
            f"column '{name[:200]}' has the type {str(kind)[:200]}, which is not taken",
            code="wrong-type",
            hint="send plain numbers, texts, instants, lists or structs; NULLs need a type too",
        )
    if types.is_dictionary(kind):
        _check_type(name, kind.value_type)
    elif types.is_nested(kind):
        for index in range(kind.num_fields):
            _check_type(name, kind.field(index).type)


def _check_written_bytes(batch: pa.RecordBatch, limits: Limits) -> None:
    """Refuse values that share bytes so often that writing them out would fill the memory."""
    for column in batch.columns:
        if _written_bytes(column, limits.max_bytes) > limits.max_bytes:
            raise RequestError(
                f"a column holds more than the server's limit max_bytes of {limits.max_bytes:,}",
                code="too-large",
                hint="send several messages, or serve with a greater --limit max_bytes=NUMBER",
            )


def _written_bytes(column: pa.Array, max_bytes: int) -> int:
    kind = column.type
    if _is_view(kind):
        return int(_view_lengths(column).sum(dtype=np.int64))
    if types.is_dictionary(kind):
        return _written_dictionary_bytes(column, max_bytes)
    if types.is_struct(kind):
        return sum(_written_bytes(child, max_bytes) for child in column.flatten())
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _written_bytes(column.values, max_bytes)
    return 0


def _written_dictionary_bytes(column: pa.DictionaryArray, max_bytes: int) -> int:
    values = column.dictionary
    stored = _written_bytes(values, max_bytes)
    if stored > max_bytes or not _has_lengths(values.type):
        return stored
    column.validate(full=True)  # the codes must lie within the dictionary before they are used
    lengths = pa.array(_view_lengths(values)) if _is_view(values.type) else pc.binary_length(values)
    return max(stored, int(pc.sum(lengths.take(column.indices)).as_py() or 0))


def _view_lengths(column: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the length of each text or binary view; Arrow computes that of no view.

    A view is 16 bytes that begin with its length.
    """
    if not len(column):
        return np.zeros(0, np.int64)
    views = np.frombuffer(column.buffers()[1], np.int32)[::4]
    return np.abs(views[column.offset : column.offset + len(column)].astype(np.int64))


def _has_lengths(kind: pa.DataType) -> bool:
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_binary(kind)
        or types.is_large_binary(kind)
        or _is_view(kind)
    )


def _is_view(kind: pa.DataType) -> bool:
    return bool(types.is_string_view(kind) or types.is_binary_view(kind))
