"""How the rows of a model are stored, and where."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlglot import exp

from featuresql.compiler.asof import ASOF_SUFFIX, ROW, column
from featuresql.compiler.clickhouse.windowed import ANY_ORDER
from featuresql.compiler.draft import CompiledModel
from featuresql.spec.model import Column

ROWS: Final = "rows"


def path_of(place: tuple[str, str]) -> tuple[str, str]:
    """Return where the as-of path of a view's version is."""
    return place[0], place[1] + ASOF_SUFFIX


def numbered_rows(
    model: CompiledModel, tree: exp.Query, after: exp.Expr | None = None
) -> exp.Select:
    """Return the query of a view's rows, each with a number of its own, counted from `after`."""
    number: exp.Expr = exp.Window(this=exp.RowNumber())
    # Which row has which number does not matter, if only each has its own.
    number.meta[ANY_ORDER] = True
    if after is not None:
        number = exp.Add(this=after, expression=number)
    return plain_rows(tree, [exp.alias_(number, ROW, quoted=True), *selected(model.columns)])


def plain_rows(tree: exp.Query, columns: Iterable[exp.Expr]) -> exp.Select:
    """Return the query of `columns` of a query's rows."""
    return exp.select(*columns).from_(exp.alias_(tree.subquery(), ROWS, table=True, quoted=True))


def selected(columns: Iterable[Column]) -> list[exp.Expr]:
    """Return the columns of `rows` as they stand in a SELECT."""
    return [exp.alias_(column(c.name, ROWS), c.name, quoted=True) for c in columns]
