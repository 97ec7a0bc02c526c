"""Arrow as every answer has it: instants in UTC microseconds, text as plain strings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from featuresql.errors import EngineError
from featuresql.spec.model import Column

MAX_MESSAGE_CHARS = 500
UTC_TIMESTAMP = pa.timestamp("us", tz="UTC")


def utc_schema(schema: pa.Schema) -> pa.Schema:
    """Return `schema` with every timestamp in UTC microseconds, and without metadata."""
    return pa.schema([pa.field(f.name, utc_type(f.type)) for f in schema])


def utc_type(data_type: pa.DataType) -> pa.DataType:
    """Return the type that values of `data_type` have in an answer."""
    if pa.types.is_timestamp(data_type):
        return UTC_TIMESTAMP
    if pa.types.is_list(data_type):
        return pa.list_(utc_type(data_type.value_type))
    if pa.types.is_struct(data_type):
        return pa.struct([pa.field(f.name, utc_type(f.type)) for f in data_type])
    if isinstance(data_type, pa.BaseExtensionType):
        return pa.string()
    if pa.types.is_large_string(data_type) or pa.types.is_string_view(data_type):
        return pa.string()
    return data_type


def stream_error(error: Exception) -> EngineError:
    """Return the error for what the engine says in the middle of a stream."""
    sentence = " ".join(str(error).split("\n\nLINE ", maxsplit=1)[0].split())
    return EngineError(f"DuckDB: {sentence[:MAX_MESSAGE_CHARS]}")


def utc_batches(
    reader: pa.RecordBatchReader, columns: Sequence[Column] | None = None
) -> pa.RecordBatchReader:
    """Return the same rows, streamed, with the schema of `columns`, or else of `utc_schema`."""
    schema = utc_schema(reader.schema)
    if columns is not None:
        schema = pa.schema([pa.field(column.name, column.type.arrow) for column in columns])

    def batches() -> Iterator[pa.RecordBatch]:
        while True:
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
            except (OSError, pa.ArrowException) as error:
                raise stream_error(error) from None
            arrays = [a.cast(f.type) for a, f in zip(batch.columns, schema, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())
