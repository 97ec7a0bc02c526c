"""Arrow batches -> a file that is there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
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

    def close(self) -> None:
        """End the file."""


_WRITERS: Final[dict[str, Callable[[str, pa.Schema], BatchWriter]]] = {
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
        rows = _write(path, temporary, batches)
        with _translated(path):
            temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return rows


def _write(path: Path, temporary: Path, batches: pa.RecordBatchReader) -> int:
    """Only what the file causes is translated: reading the batches may fail too."""
    rows = 0
    with _translated(path):
        writer = _WRITERS[path.suffix.lower()](str(temporary), batches.schema)
    try:
        for batch in _grouped(batches, batches.schema):
            with _translated(path):
                writer.write_batch(batch)
            rows += batch.num_rows
    finally:
        with _translated(path):
            writer.close()
    return rows


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise RequestError(
            f"'{path}' cannot be written: {said.splitlines()[0]}",
            code="file-write",
            hint=f"a {path.suffix} file may be unable to hold a column's type; try .parquet"
            if isinstance(error, pa.ArrowInvalid | pa.ArrowNotImplementedError)
            else None,
        ) from None


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
