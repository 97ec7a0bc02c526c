"""A spine's file -> an Arrow table."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyarrow as pa
from pyarrow import csv, ipc, parquet, types

from featuresql.errors import RequestError

_HINT: Final = "give a .parquet, .csv or .arrow file"


def read_rows(path: Path, schema: pa.Schema) -> pa.Table:
    """Return the rows of a Parquet, CSV or Arrow IPC file, by its suffix.

    The columns of a CSV file are read as the types of `schema`, so that a key such as 007 stays a
    text; instants in it are ISO 8601 texts, and nothing between two commas is NULL. Columns that
    `schema` lacks, or that are missing, are the caller's to judge.

    Raises `RequestError` with code `file-format` or `file-read`.
    """
    try:
        return _read(path, schema)
    except (pa.ArrowException, OSError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        reason = said.split("\n", 1)[0]
        raise RequestError(
            f"'{path}' cannot be read: {reason}", code="file-read", hint=_HINT
        ) from None


def _read(path: Path, schema: pa.Schema) -> pa.Table:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return parquet.ParquetFile(path).read()
    if suffix == ".csv":
        return csv.read_csv(path, convert_options=_conversion(schema))
    if suffix in {".arrow", ".feather", ".ipc"}:
        with pa.memory_map(str(path)) as source:
            return ipc.open_file(source).read_all()
    raise RequestError(
        f"'{path.name}' has a suffix that no format goes by", code="file-format", hint=_HINT
    )


def _conversion(schema: pa.Schema) -> csv.ConvertOptions:
    texts = {
        field.name: pa.string() if types.is_timestamp(field.type) else field.type
        for field in schema
    }
    return csv.ConvertOptions(
        column_types=texts,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
