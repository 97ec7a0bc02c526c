"""One query on DuckDB and, transpiled, on ClickHouse in the process: the same rows or not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, Self

import clickhouse_connect
import duckdb
import pyarrow as pa
import sqlglot

from featuresql.compiler.clickhouse.types import inner, plain
from featuresql.compiler.transpile import transpile
from featuresql.errors import FeatureSQLError, ManyErrors
from featuresql.spec.column_type import parse_type

Verdict = Literal["equal", "refused", "different", "failed"]
RELATIVE_ERROR = 1e-12


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a query. `detail` says why it was refused, or both answers."""

    verdict: Verdict
    detail: str = ""
    sql: str = ""


class TwoEngines:
    """The same tables in DuckDB and in ClickHouse, there Nullable or, with `required`, not."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, client: object) -> None:
        self.duckdb = connection
        self.client = client
        self.tables: dict[str, dict[str, str]] = {}

    @classmethod
    def open(cls) -> TwoEngines:
        connection = duckdb.connect()
        return cls(connection, clickhouse_connect.get_client(interface="chdb"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Close both: a process has one chdb, and other tests open theirs."""
        self.client.close()
        self.duckdb.close()

    def add(self, name: str, *, required: bool = False) -> None:
        """Copy the table `name` of DuckDB's to ClickHouse."""
        described = self.duckdb.execute(f'DESCRIBE "{name}"').fetchall()
        columns = {row[0]: row[1] for row in described}
        self.tables[name] = columns
        rows = self.duckdb.sql(f'SELECT * FROM "{name}"').to_arrow_table()
        kinds = {c: parse_type(kind) for c, kind in columns.items()}
        write = inner if required else plain
        types = ", ".join(
            f"`{c}` {plain(k) if k.element or k.fields else write(k)}" for c, k in kinds.items()
        )
        self.client.command(f"DROP TABLE IF EXISTS `{name}`")
        self.client.command(f"CREATE TABLE `{name}` ({types}) ENGINE = Memory")
        if rows.num_rows:
            self.client.insert_arrow(name, rows)

    def compare(self, sql: str, *, ordered: bool | None = None) -> Outcome:
        """Run `sql` on both. Rows are compared as they come where it ends in ORDER BY."""
        try:
            compiled = transpile(sql, self.tables)
        except ManyErrors as error:
            return Outcome("refused", str(error.errors[0].message))
        except FeatureSQLError as error:
            return Outcome("refused", error.message)
        wanted = self.duckdb.sql(transpile(sql, self.tables, "duckdb").sql).to_arrow_table()
        try:
            found = self.clickhouse(compiled.sql)
        except Exception as error:  # noqa: BLE001 - any failure is the outcome
            return Outcome("failed", str(error)[:600], compiled.sql)
        tree = sqlglot.parse_one(sql, dialect="duckdb")
        in_order = tree.args.get("order") is not None if ordered is None else ordered
        left, right = _rows(wanted, in_order=in_order), _rows(found, in_order=in_order)
        if same_rows(left, right) and wanted.column_names == found.column_names:
            return Outcome("equal", sql=compiled.sql)
        return Outcome("different", f"duckdb {left[:12]}\nclickhouse {right[:12]}", compiled.sql)

    def clickhouse(self, statement: str) -> pa.Table:
        """Run a statement of ClickHouse's own."""
        try:
            return self.client.query_arrow(statement)
        except Exception:
            # After a failure chdb's next answer in Arrow is damaged, whatever it is.
            with suppress(pa.ArrowException):
                self.client.query_arrow("SELECT 1")
            raise

    def clickhouse_answers(self, sql: str) -> bool:
        """Whether ClickHouse answers a query at all."""
        try:
            self.clickhouse(transpile(sql, self.tables).sql)
        except Exception:  # noqa: BLE001 - any failure is no answer
            return False
        return True


def _rows(table: pa.Table, *, in_order: bool) -> list[tuple[object, ...]]:
    columns = [[plain_value(value) for value in column.to_pylist()] for column in table.columns]
    rows = list(zip(*columns, strict=True)) if columns else []
    return rows if in_order else sorted(rows, key=_sort_key)


def _sort_key(row: object) -> str:
    """Return a text that orders rows, the same for 0.0 and -0.0."""
    return repr(row).replace("-0.0,", "0.0,").replace("-0.0)", "0.0)").replace("-0.0]", "0.0]")


def plain_value(value: object) -> object:
    """Return what both engines' drivers give for the same value."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, Mapping):
        return tuple(plain_value(part) for part in value.values())
    if isinstance(value, list | tuple):
        return [plain_value(part) for part in value]
    return value


def same_rows(left: object, right: object) -> bool:
    """Whether two answers are the same: types too, floats but for their last digits."""
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same_rows, left, right))
    if isinstance(left, float) and isinstance(right, float):
        if math.isnan(left) or math.isnan(right):
            return math.isnan(left) and math.isnan(right)
        return left == right or math.isclose(left, right, rel_tol=RELATIVE_ERROR)
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        return type(left) is type(right) and str(left) == str(right)
    return type(left) is type(right) and left == right
