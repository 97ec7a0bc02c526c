"""What a name means at one place of a query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from featuresql.compiler.typing.argument import UNKNOWN, Argument
from featuresql.spec.column_type import ColumnType

Columns: TypeAlias = tuple[tuple[str, ColumnType], ...]


@dataclass(slots=True)
class Names:
    """The relations, CTEs, lambda parameters and SELECT aliases that one level of a query adds.

    Names are compared without regard to case, as DuckDB does: keys are lower-case.
    """

    parent: Names | None = None
    relations: dict[str, Mapping[str, ColumnType] | None] = field(default_factory=dict)
    ctes: dict[str, Columns] = field(default_factory=dict)
    parameters: Mapping[str, Argument] = field(default_factory=dict)
    aliases: Mapping[str, ColumnType] = field(default_factory=dict)

    def add_relation(self, name: str, columns: Columns | None) -> None:
        """Make `columns` known under `name`; None for a relation that is wrong itself."""
        known = None if columns is None else {column.lower(): kind for column, kind in columns}
        self.relations[name.lower()] = known

    def find_column(self, table: str, name: str) -> ColumnType | None:
        """Return the type of a column; with an empty `table`, of the one that is called so."""
        table, name = table.lower(), name.lower()
        level: Names | None = self
        while level is not None:
            if table in level.relations:
                columns = level.relations[table]
                return UNKNOWN if columns is None else columns.get(name)
            if not table and (kind := level.find_bare(name)) is not None:
                return kind
            level = level.parent
        return None

    def find_bare(self, name: str) -> ColumnType | None:
        """Return the type of the column or alias `name` of this level, whatever its table."""
        for columns in self.relations.values():
            if columns is not None and name in columns:
                return columns[name]
        return self.aliases.get(name) or (UNKNOWN if None in self.relations.values() else None)

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
