"""Arrow batches -> a file that is there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Protocol

import pyarrow as pa
from pyarrow import csv, ipc, parquet

from featuresql.errors import RequestError, UsageError

ROW_GROUP_ROWS: Final = 131_072


class BatchWriter(Protocol):
    """What each of pyarrow's writers can do."""

    def write_batch(self, batch: pa.RecordBatch) -> None:
        """Append `batch`."""


_WRITERS: Final[dict[str, Callable[[str, pa.Schema], AbstractContextManager[BatchWriter]]]] = {
    ".parquet": parquet.ParquetWriter,
    ".csv": csv.CSVWriter,
    ".arrow": ipc.new_file,
    ".feather": ipc.new_file,
}


def check_suffix(path: Path) -> None:
    """Raise `UsageError` where no format goes by the suffix of `path`."""
    if path.suffix.lower() not in _WRITERS:
        known = ", ".join(_WRITERS)
        raise UsageError(
            f"'{path.name}' has a suffix that no format goes by",
            code="file-format",
            hint=f"end the name with one of {known}",
        )


def write_rows(path: Path, batches: pa.RecordBatchReader) -> int:
    """Write all batches to `path`, in the format of its suffix, and return the number of rows.

    The rows go to a file beside it first, which takes its place at the end. Raises `RequestError`
    where the file cannot be written or its format cannot hold a column.
    """
    check_suffix(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        rows = _write(temporary, path.suffix.lower(), batches)
        temporary.replace(path)
    except pa.ArrowNotImplementedError as error:
        raise _refusal(path, str(error), "write .parquet instead") from None
    except OSError as error:
        raise _refusal(path, error.strerror or str(error)) from None
    finally:
        temporary.unlink(missing_ok=True)
    return rows


def _write(path: Path, suffix: str, batches: pa.RecordBatchReader) -> int:
    rows = 0
    with _WRITERS[suffix](str(path), batches.schema) as writer:
        for batch in _grouped(batches, batches.schema):
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _grouped(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Join small batches: each that is written is a row group of a Parquet file."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        waiting.append(batch)
        rows += batch.num_rows
        if rows >= ROW_GROUP_ROWS:
            yield from _joined(waiting, schema)
            waiting, rows = [], 0
    yield from _joined(waiting, schema)


def _joined(batches: list[pa.RecordBatch], schema: pa.Schema) -> list[pa.RecordBatch]:
    found: list[pa.RecordBatch] = (
        pa.Table.from_batches(batches, schema).combine_chunks().to_batches()
    )
    return found


def _refusal(path: Path, reason: str, hint: str | None = None) -> RequestError:
    first = reason.split("\n", 1)[0]
    return RequestError(f"'{path}' cannot be written: {first}", code="file-write", hint=hint)
