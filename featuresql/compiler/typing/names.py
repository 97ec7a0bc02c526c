"""What a name means at one place of a query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from featuresql.compiler.typing.argument import Argument
from featuresql.spec.column_type import ColumnType

Columns: TypeAlias = tuple[tuple[str, ColumnType], ...]


@dataclass(slots=True)
class Names:
    """The relations, CTEs, lambda parameters and SELECT aliases that one level of a query adds.

    Names are compared without regard to case, as DuckDB does: keys are lower-case.
    """

    parent: Names | None = None
    relations: dict[str, Mapping[str, ColumnType]] = field(default_factory=dict)
    ctes: dict[str, Columns] = field(default_factory=dict)
    parameters: Mapping[str, Argument] = field(default_factory=dict)
    aliases: Mapping[str, ColumnType] = field(default_factory=dict)

    def add_relation(self, name: str, columns: Columns) -> None:
        """Make `columns` known under `name`."""
        self.relations[name.lower()] = {column.lower(): kind for column, kind in columns}

    def find_column(self, table: str, name: str) -> ColumnType | None:
        """Return the type of a column; with an empty `table`, of the one that is called so."""
        table, name = table.lower(), name.lower()
        level: Names | None = self
        while level is not None:
            if table and table in level.relations:
                return level.relations[table].get(name)
            if not table:
                owners = [columns for columns in level.relations.values() if name in columns]
                if owners:
                    return owners[0][name]
                if name in level.aliases:
                    return level.aliases[name]
            level = level.parent
        return None

    def find_parameter(self, name: str) -> Argument | None:
        """Return what the lambda parameter `name` is, or None where there is none."""
        level: Names | None = self
        while level is not None:
            if name.lower() in level.parameters:
                return level.parameters[name.lower()]
            level = level.parent
        return None

    def find_cte(self, name: str) -> Columns | None:
        """Return the columns of the CTE `name`, or None where there is none."""
        level: Names | None = self
        while level is not None:
            if name.lower() in level.ctes:
                return level.ctes[name.lower()]
            level = level.parent
        return None
