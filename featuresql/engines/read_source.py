"""The files of a source, read by a DuckDB in memory: every engine sees the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlglot import exp

from featuresql.engines.bind_source import binding_query, raw_relation
from featuresql.engines.duckdb_errors import translated
from featuresql.engines.utc import utc_batches
from featuresql.spec.model import Source

BATCH_ROWS = 65_536


def describe_files(source: Source, root: Path) -> list[tuple[str, str]]:
    """Return (name, type) of the columns of a source's files, as DuckDB says them."""
    query = exp.Describe(this=exp.select("*").from_(raw_relation(source, root)))
    with translated(), duckdb.connect(":memory:") as connection:
        return [(row[0], row[1]) for row in connection.execute(query.sql("duckdb")).fetchall()]


@contextmanager
def read_source(
    source: Source, root: Path, described: Sequence[tuple[str, str]]
) -> Iterator[pa.RecordBatchReader]:
    """Open the rows of a source as models see them, instants in UTC, in batches.

    Columns of types that FeatureSQL does not know are left out.
    """
    query = binding_query(source, root, described).sql("duckdb")
    with duckdb.connect(":memory:") as connection:
        with translated():
            reader = connection.sql(query).to_arrow_reader(BATCH_ROWS)
        yield utc_batches(reader)
