"""What DuckDB casts without being asked, and which cast it likes best.

An overload is chosen by the least sum of these costs. The numbers are DuckDB's own order of
preference: what matters is only which of two sums is smaller.
"""

from __future__ import annotations

from typing import Final

from featuresql.compiler.typing.argument import Argument
from featuresql.spec.column_type import ColumnType

_TARGET_COST: Final = {
    "BIGINT": 101,
    "INTEGER": 102,
    "HUGEINT": 103,
    "DOUBLE": 104,
    "DECIMAL": 105,
    "TIMESTAMP": 120,
    "TIMESTAMPTZ": 121,
    "VARCHAR": 149,
    "LIST": 160,
    "STRUCT": 160,
    "MAP": 160,
    "TUPLE": 160,
}
_OTHER_TARGET: Final = 110
_TEXT_LITERAL_AS_TEXT: Final = 1
_TEXT_LITERAL: Final = 20
_LITERAL_DISCOUNT: Final = 90
_JSON_AND_TEXT: Final = 1

_FRACTIONS: Final = ("FLOAT", "DOUBLE")
_ABOVE: Final[dict[str, frozenset[str]]] = {
    name: frozenset(targets)
    for name, targets in {
        "TINYINT": ("SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL", *_FRACTIONS),
        "SMALLINT": ("INTEGER", "BIGINT", "HUGEINT", "DECIMAL", *_FRACTIONS),
        "INTEGER": ("BIGINT", "HUGEINT", "DECIMAL", *_FRACTIONS),
        "BIGINT": ("HUGEINT", "DECIMAL", *_FRACTIONS),
        "HUGEINT": ("DECIMAL", *_FRACTIONS),
        "UTINYINT": (
            *("USMALLINT", "UINTEGER", "UBIGINT"),
            *("SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL"),
            *_FRACTIONS,
        ),
        "USMALLINT": (
            *("UINTEGER", "UBIGINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL"),
            *_FRACTIONS,
        ),
        "UINTEGER": ("UBIGINT", "BIGINT", "HUGEINT", "DECIMAL", *_FRACTIONS),
        "UBIGINT": ("HUGEINT", "DECIMAL", *_FRACTIONS),
        "DECIMAL": _FRACTIONS,
        "FLOAT": ("DOUBLE",),
        "DATE": ("TIMESTAMP", "TIMESTAMPTZ"),
        "TIMESTAMP": ("TIMESTAMPTZ",),
    }.items()
}


def target_cost(target: ColumnType) -> int:
    """Return the cost of casting anything to `target`."""
    return _TARGET_COST.get(target.name, _OTHER_TARGET)


def cast_cost(argument: Argument, target: ColumnType) -> int | None:
    """Return what the implicit cast to `target` costs: 0 for none, None where it is impossible.

    A `target` DECIMAL without precision stands for any DECIMAL.
    """
    if argument.is_null:
        return target_cost(target)
    if argument.is_string_literal:
        return _TEXT_LITERAL_AS_TEXT if target.name == "VARCHAR" else _text_literal_cost(target)
    if argument.is_integer_literal and argument.fits(target):
        return 0 if target == argument.type else target_cost(target) - _LITERAL_DISCOUNT
    return _type_cost(argument.type, target)


def _text_literal_cost(target: ColumnType) -> int | None:
    # A text does not say which precision or which elements are meant.
    return None if target.name == "DECIMAL" and target.precision is None else _TEXT_LITERAL


def _type_cost(source: ColumnType, target: ColumnType) -> int | None:
    if source == target:
        return 0
    if source.element is not None and target.element is not None:
        return cast_cost(Argument(source.element), target.element)
    if source.name == "DECIMAL" and target.name == "DECIMAL":
        return 0
    if {source.name, target.name} == {"JSON", "VARCHAR"}:
        return _JSON_AND_TEXT
    if target.name in _ABOVE.get(source.name, ()):
        return target_cost(target)
    return None
