"""A few rows as text, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

MAX_ROWS: Final = 5
MAX_COLUMNS: Final = 10
MAX_CELL_CHARS: Final = 32
_CASTABLE: Final = (
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_date,
    pa.types.is_time,
    pa.types.is_string,
)


def text_table(table: pa.Table, *, max_rows: int = MAX_ROWS, max_columns: int = MAX_COLUMNS) -> str:
    """Return the first rows and columns as aligned lines: names, a rule, one line a row.

    What is left out is told in a last line and by a column `…`. Instants are shown in UTC, long
    values are cut, and characters that no terminal shows are escaped.
    """
    names = table.column_names[:max_columns]
    rows = table.slice(0, max_rows)
    columns = [[_shown(name), *_cells(rows.column(name))] for name in names]
    if table.num_columns > max_columns:
        columns.append(["…"] * (rows.num_rows + 1))
    widths = [max(map(len, column)) for column in columns]
    lines = [_line(cells, widths) for cells in zip(*columns, strict=True)]
    lines.insert(1, "  ".join("-" * width for width in widths))
    if table.num_rows > max_rows:
        lines.append(f"… and {table.num_rows - max_rows} more")
    return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    parts = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return "  ".join(parts).rstrip()


def _cells(column: pa.ChunkedArray) -> list[str]:
    if pa.types.is_timestamp(column.type):
        # Arrow's own cast, since Python's datetime ends at the year 9999.
        texts = column.cast(pa.timestamp("us")).cast(pa.string())
        values = pc.replace_substring_regex(texts, r"\.0+$", "").to_pylist()
    elif any(matches(column.type) for matches in _CASTABLE):
        values = column.cast(pa.string()).to_pylist()
    else:
        values = column.to_pylist()
    return ["NULL" if value is None else _shown(str(value)) for value in values]


def _shown(text: str) -> str:
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return plain if len(plain) <= MAX_CELL_CHARS else plain[: MAX_CELL_CHARS - 1] + "…"
