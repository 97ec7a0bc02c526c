"""Which types CAST can turn into which: the rest fails in DuckDB on the first row."""

from __future__ import annotations

from typing import Final

from featuresql.compiler.typing.argument import Argument, type_text
from featuresql.errors import CompileError
from featuresql.spec.column_type import ColumnType

_FROM_OR_TO_ALL: Final = ("VARCHAR", "JSON", "NULL")
_INSTANTS: Final = {
    "DATE": ("TIMESTAMP", "TIMESTAMPTZ"),
    "TIMESTAMP": ("DATE", "TIME", "TIMESTAMPTZ"),
    "TIMESTAMPTZ": ("DATE", "TIMESTAMP"),
    "UUID": ("BLOB",),
    "BLOB": ("UUID",),
}


def can_cast(source: ColumnType, target: ColumnType) -> bool:
    """Whether DuckDB has a cast from `source` to `target`, whatever it says to single values."""
    if source.name in _FROM_OR_TO_ALL or target.name in ("VARCHAR", "JSON"):
        return True
    if _is_number(source) and _is_number(target):
        return True
    if source.element is not None and target.element is not None:
        return can_cast(source.element, target.element)
    if source.name == target.name:
        return True
    return target.name in _INSTANTS.get(source.name, ())


def check_cast(source: Argument, target: ColumnType) -> None:
    """Raise `CompileError` with code `type-mismatch` where there is no cast to `target`."""
    if not can_cast(source.type, target):
        raise CompileError(
            f"there is no cast from {type_text(source.type)} to {type_text(target)}",
            code="type-mismatch",
        )


def _is_number(kind: ColumnType) -> bool:
    return kind.is_numeric or kind.name == "BOOLEAN"
