"""Arrow rows -> a table in ClickHouse, all of them or none."""

from __future__ import annotations

import io
import secrets
from collections.abc import Generator, Iterable, Sequence
from itertools import chain, islice
from typing import Final

import pyarrow as pa
from clickhouse_connect.driver.binding import quote_identifier
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, Error
from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.write_sql import CLICKHOUSE, write_empty_table
from featuresql.engines.clickhouse_encode import encode_batch
from featuresql.engines.clickhouse_errors import translate, translated
from featuresql.errors import EngineError
from featuresql.spec.model import Column

LOADING: Final = "loading__"
INSERT_BATCHES: Final = 32
_EXISTS: Final = 57


def replace_table(
    client: Client,
    name: str,
    columns: Sequence[Column],
    batches: Iterable[pa.RecordBatch],
    comment: str = "",
) -> None:
    """Make the table `name` of `batches`, in place of what was there; it appears complete.

    `comment` is kept with the table.
    """
    loading = f"{LOADING}{secrets.token_hex(8)}"
    try:
        with translated():
            client.raw_query(write_empty_table(("", loading), columns))
        insert(client, loading, columns, batches)
        with translated():
            client.raw_query(f"ALTER TABLE {quote_identifier(loading)} MODIFY COMMENT '{comment}'")
            _swap(client, loading, name)
    finally:
        with translated():
            client.raw_query(f"DROP TABLE IF EXISTS {quote_identifier(loading)} SYNC")


def insert(
    client: Client, table: str, columns: Sequence[Column], batches: Iterable[pa.RecordBatch]
) -> None:
    """Insert rows, which have `columns` in order, and check that every one has arrived."""
    sent = 0
    rest = iter(batches)
    for first in rest:
        part = [encode_batch(b, columns) for b in chain([first], islice(rest, INSERT_BATCHES - 1))]
        with translated():
            names = [column.name for column in columns]
            client.raw_insert(quote_identifier(table), names, _stream(part), fmt="ArrowStream")
        sent += sum(batch.num_rows for batch in part)
    with translated():
        counting = exp.select(sql.call("count")).from_(exp.table_(table, quoted=True))
        count = client.query(counting.sql(CLICKHOUSE)).result_rows[0][0]
    if count != sent:
        message = f"ClickHouse: {count} of {sent} rows have arrived"
        raise EngineError(message, hint="run it again")


def _stream(batches: Sequence[pa.RecordBatch]) -> Generator[bytes, None, None]:
    """Give batches as the bytes of one Arrow stream, a batch at a time."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
            yield sink.getvalue()
            sink.seek(0)
            sink.truncate()
    yield sink.getvalue()


def _swap(client: Client, loading: str, name: str) -> None:
    """Give `loading` the name `name`, and what had it the name `loading`."""
    new, old = quote_identifier(loading), quote_identifier(name)
    try:
        client.raw_query(f"RENAME TABLE {new} TO {old}")
    except ClickHouseError as error:
        if not isinstance(error, Error) or error.code != _EXISTS:
            raise translate(error) from None
        client.raw_query(f"EXCHANGE TABLES {new} AND {old}")
