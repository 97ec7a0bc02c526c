"""Lists, structs, maps and lambdas, and what is joined by || and concat."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.clickhouse import lambdas, sql
from featuresql.compiler.clickhouse.functions.maps import pairs
from featuresql.compiler.clickhouse.functions.pieces import just, unused, value_of
from featuresql.compiler.clickhouse.lambdas import call_with_lambda
from featuresql.compiler.clickhouse.types import held, is_composed
from featuresql.compiler.clickhouse.values import missing, nothing
from featuresql.compiler.typing.argument import NULL
from featuresql.compiler.typing.function_table import call_name
from featuresql.compiler.typing.nested import find_field
from featuresql.spec.column_type import ColumnType

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter


def emit_literal_as(emitter: Emitter, node: exp.Expr, kind: ColumnType) -> exp.Expr | None:
    """Return a list, struct or row that is written out, each part cast to what it is in `kind`.

    Return None for what is no such thing, or has other parts.
    """
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Array) and kind.element is not None:
        return None if node.find(exp.Comprehension) else _array(emitter, node, kind)
    is_row = isinstance(node, exp.Tuple) and kind.name == "TUPLE"
    if is_row and len(node.expressions) == len(kind.fields):
        return _row(emitter, node, kind)
    return None


def _array(emitter: Emitter, node: exp.Expr, kind: ColumnType | None = None) -> exp.Expr:
    parts = node.expressions
    if len(parts) == 1 and isinstance(parts[0], exp.Comprehension):
        return emitter.emit(parts[0])
    kind = kind or emitter.kind(node)
    element = kind.element or NULL
    made = sql.call("array", *(emitter.emit_as(part, element) for part in parts))
    return sql.cast(just(made), held(kind))


def _row(emitter: Emitter, node: exp.Expr, kind: ColumnType | None = None) -> exp.Expr:
    """Say a struct or a tuple, whose fields have the types of its parts."""
    kind = kind or emitter.kind(node)
    values = [
        part.expression if isinstance(part, exp.PropertyEQ | exp.Kwarg) else part
        for part in node.expressions
    ]
    made = [
        emitter.emit_as(value.this if isinstance(value, exp.Alias) else value, field)
        for value, (_, field) in zip(values, kind.fields, strict=True)
    ]
    return sql.cast(just(sql.call("tuple", *made)), held(kind))


def _field(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    kind = emitter.kind(node.this)
    if kind.name not in {"STRUCT", "TUPLE"}:
        raise emitter.refuse(node, f"a field of a {kind.name}")
    name, field = find_field(kind, node.expression)
    place = [known for known, _ in kind.fields].index(name) + 1
    whole = emitter.emit(node.this)
    one = unused(whole, 1)[0]
    part = sql.cast(sql.call("tupleElement", sql.name(one), sql.number(place)), held(field))
    return value_of(sql.call("arrayMap", sql.function((one,), part), whole))


def _concat(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    """Join texts or lists: || is NULL where one part is, concat leaves NULL out."""
    kind = emitter.kind(node)
    spoils = isinstance(node, exp.DPipe)
    parts = node.expressions or [node.this, node.expression]
    if kind.name == "NULL":
        return nothing(kind)
    made = [emitter.emit_as(part, kind) for part in parts]
    if not is_composed(kind):
        if spoils:
            return sql.call("concat", *made)
        texts = [sql.call("ifNull", part, sql.text("")) for part in made]
        return sql.call("concat", sql.text(""), *texts)
    joined = just(sql.call("arrayConcat", *map(value_of, made)))
    whole = sql.cast(joined, held(kind))
    if not spoils:
        return whole
    absent = sql.either(*(missing(part.copy(), kind) for part in made))
    return sql.choose(absent, nothing(kind), whole)


def _map(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    """Say `MAP {k: v}`."""
    kind = emitter.kind(node)
    (_, key), (_, value) = kind.fields
    if is_composed(key) or key.is_float:
        raise emitter.refuse(node, "a MAP by this kind of key", "use text or whole numbers")
    given = node.this.expressions
    keys = sql.call("array", *(emitter.emit_as(pair.this, key) for pair in given))
    values = sql.call("array", *(emitter.emit_as(pair.expression, value) for pair in given))
    keys = sql.cast(keys, f"Array({held(key)})")
    values = sql.cast(values, f"Array({held(value)})")
    left, right = unused(sql.call("tuple", keys, values), 2)
    return sql.cast(just(pairs(keys, values, left, right)), held(kind))


def _other_call(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    return _row(emitter, node) if call_name(node) == "row" else call_with_lambda(emitter, node)


HANDLERS: Final[dict[type[exp.Expr], Callable[[Emitter, exp.Expr], exp.Expr]]] = {
    **lambdas.HANDLERS,
    exp.Array: _array,
    exp.Anonymous: _other_call,
    exp.ToMap: _map,
    exp.Struct: _row,
    exp.Tuple: _row,
    exp.StructExtract: _field,
    exp.DPipe: _concat,
    exp.Concat: _concat,
}
