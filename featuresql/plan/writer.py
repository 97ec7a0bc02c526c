"""Writes the statements of a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from featuresql.compiler.typing.typer import RelationColumns
from featuresql.compiler.write_sql import write_query, write_table, write_view


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes statements for one engine over relations at their places."""

    dialect: str
    columns_of: RelationColumns

    def query(self, tree: exp.Query) -> str:
        """Return a SELECT."""
        return write_query(tree, self.dialect, self.columns_of)

    def table(self, place: tuple[str, str], tree: exp.Query, order_by: Sequence[str] = ()) -> str:
        """Return what makes a table of a query's rows, in place of what was there."""
        return write_table(place, tree, self.dialect, self.columns_of, order_by)

    def view(self, place: tuple[str, str], tree: exp.Query) -> str:
        """Return what makes a view of a query, in place of what was there."""
        return write_view(place, tree, self.dialect, self.columns_of)
