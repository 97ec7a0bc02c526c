"""A ClickHouse server, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from typing import Final

import clickhouse_connect
from clickhouse_connect.driver.binding import quote_identifier
from clickhouse_connect.driver.client import Client

from featuresql.engines.clickhouse_errors import translated
from featuresql.engines.clickhouse_place import SETTINGS

DATABASE: Final = "default"
CONNECT_TIMEOUT_S: Final = 10


class ClickHouseServer:
    """One database of a server. Thread-safe; a client belongs to one thread at a time."""

    def __init__(self, options: Mapping[str, object]) -> None:
        """Prepare for the server at `host`; the other options are those of a target's engine."""
        self.database = str(options.get("database") or DATABASE)
        self._options = options
        self._made: set[str] = set()

    @contextmanager
    def open(self, database: str | None = None) -> Iterator[Client]:
        """Open a client in a session of its own, so that temporary tables are its own too."""
        with translated():
            client = self._client()
        try:
            for name in {self.database, database or self.database} - self._made:
                with translated():
                    client.raw_query(f"CREATE DATABASE IF NOT EXISTS {quote_identifier(name)}")
                self._made.add(name)
            client.database = database or self.database
            yield client
        finally:
            client.close()

    def _client(self) -> Client:
        options, port = self._options, self._options.get("port")
        is_secure = options.get("secure") is True
        return clickhouse_connect.get_client(
            host=str(options["host"]),
            port=port if isinstance(port, int) else None,
            username=_text(options.get("user")),
            password=_text(options.get("password")) or "",
            secure=is_secure,
            interface="https" if is_secure else "http",
            verify=options.get("verify") is not False,
            ca_cert=_text(options.get("ca_cert")),
            settings=dict(SETTINGS),
            autogenerate_session_id=True,
            connect_timeout=CONNECT_TIMEOUT_S,
            show_clickhouse_errors="scrub",
        )

    def spool(self, client: Client, statement: str, file: Path) -> None:
        """Write the answer of a SELECT to `file` as an Arrow stream.

        The server answers when it has the whole: an error in the middle would else look like rows.
        """
        settings = {"wait_end_of_query": "1"}
        with (
            translated(),
            client.raw_stream(statement, settings=settings, fmt="ArrowStream") as answer,
            file.open("xb") as written,
        ):
            copyfileobj(answer, written, 1 << 20)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
