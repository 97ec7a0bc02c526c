"""Implicit and explicit casts."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.clickhouse import cast_numbers, cast_texts, cast_times, sql
from featuresql.compiler.clickhouse.conversion import Conversion
from featuresql.compiler.clickhouse.types import has_type, held, is_composed
from featuresql.compiler.typing.argument import NULL, type_text
from featuresql.spec.column_type import ColumnType

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter

_CASTS: Final = MappingProxyType(
    {**cast_numbers.CASTS, **cast_texts.CASTS, **cast_times.CASTS},
)
_FAMILIES: Final = {
    "DECIMAL": "decimal",
    "FLOAT": "float",
    "DOUBLE": "float",
    "BOOLEAN": "boolean",
    "VARCHAR": "text",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMPTZ": "instant",
    "INTERVAL": "interval",
    "JSON": "json",
    "UUID": "uuid",
    "BLOB": "blob",
}


def convert(  # noqa: PLR0913 - a cast has these parts
    emitter: Emitter,
    node: exp.Expr,
    value: exp.Expr,
    source: ColumnType,
    target: ColumnType,
    *,
    trying: bool = False,
) -> exp.Expr:
    """Return `value`, said in ClickHouse and of type `source`, cast to `target` as DuckDB casts.

    `node` is what it was, for errors and constants. With `trying` what cannot be cast is NULL,
    otherwise it is the engine's error. Raises `CompileError` with code `not-portable` where the two
    engines cast differently.
    """

    def refuse(reason: str, hint: str | None = None) -> Exception:
        return emitter.refuse(node, reason, hint)

    to = Conversion(source, target, trying, refuse)
    if source == target:
        return value
    if not has_type(target):
        raise emitter.refuse_type(node, target)
    text = _literal_text(node)
    if text is not None and source.name == "VARCHAR":
        constant = _constant(text, to)
        if constant is not None:
            return constant
    return _convert(value, to)


def _convert(value: exp.Expr, to: Conversion) -> exp.Expr:
    source, target = to.source, to.target
    if source == target:
        return value
    if source == NULL:
        empty = sql.call("array") if is_composed(target) else sql.null()
        return sql.cast(empty, held(target))
    if source.element is not None and target.element is not None:
        return _convert_list(value, to, source.element, target.element)
    if source.name == target.name == "STRUCT":
        return _convert_struct(value, to)
    cast = _CASTS.get((_family(source), _family(target)))
    if cast is None:
        raise to.refuse(f"a cast of {type_text(source)} to {type_text(target)}", None)
    return cast(value, to)


def _constant(text: str, to: Conversion) -> exp.Expr | None:
    """Return a text literal cast when the query is compiled, or None where the engine does it."""
    if to.target.is_numeric:
        return cast_texts.constant_number(text, to)
    return cast_times.constant_time(text, to)


def _family(kind: ColumnType) -> str:
    return "integer" if kind.is_integer else _FAMILIES.get(kind.name, kind.name)


def _convert_list(
    value: exp.Expr, to: Conversion, source: ColumnType, target: ColumnType
) -> exp.Expr:
    if to.trying:
        # Where one element cannot be cast, DuckDB makes it NULL in some casts, the list in others.
        raise to.refuse("TRY_CAST of a list", "cast its elements: [TRY_CAST(x AS ...) FOR x IN l]")
    inside = Conversion(source, target, to.trying, to.refuse)
    return sql.mapped(value, lambda list_: sql.mapped(list_, lambda it: _convert(it, inside)))


def _convert_struct(value: exp.Expr, to: Conversion) -> exp.Expr:
    names = [[name.lower() for name, _ in kind.fields] for kind in (to.source, to.target)]
    if to.trying or names[0] != names[1]:
        raise to.refuse("a cast of a STRUCT to other fields", "build the struct anew")

    def fields(it: exp.Expr) -> exp.Expr:
        return sql.call(
            "tuple",
            *(
                _convert(
                    sql.call("tupleElement", it.copy(), sql.number(i)),
                    Conversion(source, target, to.trying, to.refuse),
                )
                for i, ((_, source), (_, target)) in enumerate(
                    zip(to.source.fields, to.target.fields, strict=True), 1
                )
            ),
        )

    return sql.cast(sql.mapped(value, fields), held(to.target))


def _literal_text(node: exp.Expr) -> str | None:
    while isinstance(node, exp.Paren):
        node = node.this
    return str(node.this) if isinstance(node, exp.Literal) and node.is_string else None
