"""Where ClickHouse is: what the server and the one in the process have in common."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

import pyarrow as pa
from clickhouse_connect.driver.client import Client

SETTINGS: Final[Mapping[str, str]] = {
    "output_format_arrow_string_as_string": "0",  # bytes: text is checked when it is decoded
    "output_format_arrow_compression_method": "none",
    "session_timezone": "UTC",
}


class Place(Protocol):
    """A ClickHouse with one database of the target's."""

    database: str

    def open(self, database: str | None = None) -> AbstractContextManager[Client]:
        """Open a client whose database is the target's, or `database`; both exist afterwards.

        Temporary tables are the client's own. Raises `EngineError`.
        """

    def spool(self, client: Client, statement: str, file: Path) -> None:
        """Write the answer of a SELECT to `file`, which is not there yet, as an Arrow stream."""


def read(place: Place, client: Client, statement: str) -> pa.RecordBatchReader:
    """Return the answer of a SELECT as ClickHouse writes it, in batches.

    It is complete when this returns, on disk and not in memory: a client runs one query at a time,
    and an answer that is half read would block it.
    """
    with temporary_file() as file:
        place.spool(client, statement, file)
        # What is mapped stays readable after the file has lost its name.
        return pa.ipc.open_stream(pa.memory_map(str(file)))


@contextmanager
def temporary_file() -> Iterator[Path]:
    """Give the path of a file that is not there yet; it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="featuresql-"))
    file = folder / "rows.arrows"
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()
