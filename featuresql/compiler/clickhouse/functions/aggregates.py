"""Aggregates, with or without OVER."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.comparable import comparable
from featuresql.compiler.clickhouse.emission import Emission, EmitCall, Refusal
from featuresql.compiler.clickhouse.functions import moments, quantiles, regressions
from featuresql.compiler.clickhouse.types import held, inner, is_composed
from featuresql.compiler.clickhouse.values import missing, nothing

_FRAME: Final = "OVER (PARTITION BY g ORDER BY n ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)"
_MONTH: Final = "ORDER BY ts RANGE BETWEEN INTERVAL 30 DAY PRECEDING AND CURRENT ROW"
_NOT_FIXED: Final = "its answer depends on the order of the rows, which is not fixed"


def _group(call: str) -> str:
    return f"SELECT g, {call} AS v FROM t GROUP BY g"


def _plain(call: EmitCall, what: str = "DISTINCT or ORDER BY in it") -> None:
    """Refuse what only some aggregates know to do."""
    if call.around.distinct or call.around.order:
        raise call.refuse(what)


def _known(call: EmitCall, position: int = 0) -> exp.Expr:
    """Return how many rows have a value."""
    kind = call.bound[position]
    if is_composed(kind):
        return call.aggregate("countIf", sql.negated(missing(call.args[position], kind)))
    return call.aggregate("count", call.args[position].copy())


def _count(call: EmitCall) -> exp.Expr:
    if call.around.order:
        raise call.refuse("ORDER BY in count()")
    if not call.args:
        return call.as_result(call.aggregate("count"))
    kind = call.bound[0]
    if not call.around.distinct:
        present = sql.negated(missing(call.args[0], kind))
        return call.as_result(
            call.aggregate("sum", sql.call("toInt64", present))
            if is_composed(kind)
            else call.aggregate("count", call.args[0])
        )
    if is_composed(kind) or kind.name == "JSON":
        raise call.refuse(f"count(DISTINCT) of {kind}")
    value = call.args[0]
    if kind.is_float:
        # 0.0 and -0.0 are one value.
        value = sql.call("plus", value, sql.cast(sql.text("0"), inner(kind)))
    return call.as_result(call.aggregate("uniqExact", value))


_WITHOUT_ORDER: Final = frozenset({"INTERVAL", "JSON", "UUID"})


def _sum(call: EmitCall) -> exp.Expr:
    if call.around.order:
        raise call.refuse("ORDER BY in sum()")
    name = "sumDistinct" if call.around.distinct else "sum"
    kind = call.bound[0]
    if kind.is_integer or kind.name == "BOOLEAN":
        wide = sql.cast(call.args[0], "Nullable(Int128)")
        return call.aggregate(name, wide)
    value = sql.cast(call.args[0], held(kind))
    if kind.is_float and call.around.distinct:
        raise call.refuse("sum(DISTINCT) of floats")
    return call.as_result(call.aggregate(name, value))


def _average(call: EmitCall) -> exp.Expr:
    _plain(call)
    kind = call.bound[0]
    if kind.is_float:
        return call.as_result(call.aggregate("avg", sql.cast(call.args[0], held(kind))))
    if not kind.is_numeric:
        raise call.refuse(f"avg of {kind}", "average its distance to a fixed instant")
    wide = sql.cast(call.args[0], "Nullable(Int128)" if kind.is_integer else held(kind))
    total = sql.cast(call.aggregate("sum", wide), "Nullable(Float64)")
    return sql.call("divide", total, _known(call))


def _extremum(name: str) -> Emission:
    def build(call: EmitCall) -> exp.Expr:
        kind = call.bound[0]
        if len(call.args) > 1 or is_composed(kind) or kind.name in _WITHOUT_ORDER:
            raise call.refuse(f"{name} of {kind}, or of several values")
        value = sql.cast(call.args[0], held(kind))
        if not kind.is_float:
            return call.aggregate(name, value)
        nan = sql.call("isNaN", value.copy())
        numbers = call.aggregate(name, sql.choose(nan, nothing(kind), value))
        not_a_number = sql.cast(sql.text("nan"), inner(kind))
        has_nan = sql.call("ifNull", call.aggregate("max", nan.copy()), sql.number(0))
        if name == "max":
            return sql.choose(has_nan, not_a_number, numbers)
        return sql.choose(sql.both(has_nan, sql.is_null(numbers)), not_a_number, numbers.copy())

    cases = [
        _group(f"{name}({c})") for c in ("i4", "i8", "u8", "f4", "f8", "d1", "s", "ts", "d", "b")
    ]
    return Emission(name, build, (*cases, f"SELECT {name}(i4) AS v FROM t", f"{name}(f8) {_FRAME}"))


def _argument_of(name: str, clickhouse: str, *, keeps_null: bool) -> Emission:
    def build(call: EmitCall) -> exp.Expr:
        _plain(call)
        value_kind, key_kind = call.bound[0], call.bound[1]
        if len(call.args) > 2 or is_composed(key_kind):  # noqa: PLR2004 - a value and a key
            raise call.refuse(f"{name} of several values, or by a {key_kind}")
        value = call.args[0]
        key = comparable(sql.call("assumeNotNull", call.args[1]), key_kind)
        present = sql.negated(sql.is_null(call.args[1].copy()))
        if not keeps_null:
            present = sql.both(present, sql.negated(missing(value.copy(), value_kind)))
        if call.around.condition is not None:
            present = sql.both(present, call.around.condition.copy())
        found = sql.call(
            f"{clickhouse}If", sql.call("tuple", sql.cast(value, held(value_kind))), key, present
        )
        return sql.call("tupleElement", call.windowed(found), sql.number(1))

    ordered = "(PARTITION BY g ORDER BY n)"
    return Emission(
        name,
        build,
        (
            _group(f"{name}(s, n)"),
            _group(f"{name}(i8, n)"),
            _group(f"{name}(li, n) FILTER (WHERE n > 4)"),
            f"{name}(f8, n) OVER {ordered}",
        ),
    )


def _truth(name: str, clickhouse: str) -> Emission:
    def build(call: EmitCall) -> exp.Expr:
        return call.as_result(call.aggregate(clickhouse, sql.cast(call.args[0], "Nullable(UInt8)")))

    return Emission(name, build, (_group(f"{name}(b)"), f"SELECT {name}(c) AS v FROM t"))


def _bits(name: str, clickhouse: str) -> Emission:
    def build(call: EmitCall) -> exp.Expr:
        if call.around.distinct and name == "bit_xor":
            raise call.refuse("bit_xor(DISTINCT)")
        value = sql.cast(call.args[0], held(call.bound[0]))
        return call.as_result(call.aggregate(clickhouse, value))

    columns = ("i1", "i4", "i8", "u4", "u8", "i8::HUGEINT")
    return Emission(
        name,
        build,
        (*(_group(f"{name}({column})") for column in columns), f"{name}(i4) {_FRAME}"),
    )


def _array_of(call: EmitCall, value: exp.Expr) -> exp.Expr:
    """Return all values of the group as an Array, NULL among them, in the order that is asked."""
    around = call.around
    held_value = sql.call("tuple", sql.cast(value, held(call.bound[0])))
    item = call.fresh()
    first = sql.call("tupleElement", sql.name(item), sql.number(1))
    if not around.order:
        gathered = call.aggregate("groupArray", held_value)
        return sql.call("arrayMap", sql.function((item,), first), gathered)
    key, descending = _sort_key(call)
    pairs = call.aggregate("groupArray", sql.call("tuple", key, held_value))
    sort = "arrayReverseSort" if descending else "arraySort"
    in_order = sql.call(sort, sql.function((item,), first), pairs)
    second = sql.call("tupleElement", sql.name(item), sql.number(2))
    body = sql.call("tupleElement", second, sql.number(1))
    return sql.call("arrayMap", sql.function((item,), body), in_order)


def _sort_key(call: EmitCall) -> tuple[exp.Expr, bool]:
    """Return a tuple that sorts as ORDER BY says, and whether it does so from its end."""
    directions = {descending for _, _, descending, _ in call.around.order}
    if len(directions) > 1:
        raise call.refuse("ORDER BY in both directions within an aggregate", "use a window")
    (descending,) = directions
    parts: list[exp.Expr] = []
    for value, kind, _, nulls_first in call.around.order:
        if is_composed(kind) or kind.name in {"INTERVAL", "JSON"}:
            raise call.refuse(f"ORDER BY a {kind} within an aggregate")
        null_is_least = nulls_first != descending
        absent = sql.is_null(value.copy())
        parts.append(sql.call("toInt8", sql.negated(absent) if null_is_least else absent))
        known = sql.call("assumeNotNull", sql.cast(value.copy(), held(kind)))
        if kind.is_float:
            parts.append(sql.call("isNaN", known))
        parts.append(known.copy())
    return sql.call("tuple", *parts), descending


def _list(call: EmitCall) -> exp.Expr:
    if not call.around.order and not (
        call.around.over is not None and call.around.over.args.get("order")
    ):
        raise call.refuse(_NOT_FIXED, "write list(x ORDER BY ...)")
    if call.around.distinct:
        raise call.refuse("list(DISTINCT ...)", "take the distinct rows in a CTE first")
    found = _array_of(call, call.args[0])
    absent = sql.cast(sql.call("array"), held(call.result))
    return sql.choose(
        sql.call("empty", found),
        absent,
        sql.cast(sql.call("array", found.copy()), held(call.result)),
    )


def _text_of_all(call: EmitCall) -> exp.Expr:
    if not call.around.order or call.around.distinct:
        raise call.refuse(_NOT_FIXED, "write string_agg(x, ',' ORDER BY ...)")
    item = call.fresh()
    known = sql.function((item,), sql.negated(sql.is_null(sql.name(item))))
    found = sql.call("arrayFilter", known, _array_of(call, call.args[0]))
    separator = call.args[1] if len(call.args) > 1 else sql.text(",")
    joined = sql.call("arrayStringConcat", found, separator)
    return sql.choose(sql.call("empty", found.copy()), nothing(call.result), joined)


def _entry(name: str, build: Callable[[EmitCall], exp.Expr], *cases: str) -> Emission:
    return Emission(name, build, cases)


ENTRIES: Final[tuple[Emission | Refusal, ...]] = (
    _entry(
        "count",
        _count,
        _group("count(*)"),
        _group("count(i4)"),
        _group("count(DISTINCT i4)"),
        _group("count(DISTINCT f4)"),
        _group("count(DISTINCT s) FILTER (WHERE n > 3)"),
        _group("count(li)"),
        "SELECT count(*) AS v FROM t",
        f"count(s) {_FRAME}",
        f"count(*) OVER (PARTITION BY g {_MONTH})",
        "count(*) OVER (ORDER BY ts2 RANGE BETWEEN INTERVAL 2 HOUR PRECEDING"
        " AND INTERVAL 1 MICROSECOND PRECEDING)",
        "count(*) OVER (ORDER BY d RANGE BETWEEN INTERVAL 80 DAY PRECEDING"
        " AND INTERVAL 20 DAY PRECEDING)",
        "count(*) OVER (ORDER BY ts DESC RANGE BETWEEN INTERVAL 400 DAY PRECEDING AND CURRENT ROW)",
        "count(*) OVER (ORDER BY ts RANGE BETWEEN UNBOUNDED PRECEDING"
        " AND INTERVAL 9 DAY FOLLOWING)",
        "count(*) OVER (ORDER BY n RANGE BETWEEN 3 PRECEDING AND 1 FOLLOWING)",
    ),
    _entry("count_star", _count, "SELECT count_star() AS v FROM t"),
    _entry(
        "count_if",
        # NULL where no row has a value, as DuckDB's sum of a condition has it.
        lambda call: call.aggregate("sum", sql.cast(call.args[0], "Nullable(Int128)")),
        _group("count_if(b)"),
        "SELECT i4, count_if(b) AS v FROM t GROUP BY i4",
    ),
    _entry(
        "sum",
        _sum,
        _group("sum(i4)"),
        _group("sum(i2)"),
        _group("sum(f9)"),
        _group("sum(d1)"),
        _group("sum(DISTINCT i4)"),
        _group("sum(i4) FILTER (WHERE b)"),
        "SELECT sum(i4) AS v FROM t",
        f"sum(i4) {_FRAME}",
        f"sum(i2) OVER (PARTITION BY g {_MONTH})",
    ),
    _entry(
        "avg",
        _average,
        _group("avg(i4)"),
        _group("avg(i8)"),
        _group("avg(f9)"),
        _group("avg(d1)"),
        "SELECT avg(i4) AS v FROM t",
        f"avg(i4) {_FRAME}",
    ),
    _extremum("min"),
    _extremum("max"),
    _argument_of("arg_max", "argMax", keeps_null=False),
    _argument_of("arg_min", "argMin", keeps_null=False),
    _argument_of("arg_max_null", "argMax", keeps_null=True),
    _argument_of("arg_min_null", "argMin", keeps_null=True),
    _truth("bool_and", "min"),
    _truth("bool_or", "max"),
    _bits("bit_and", "groupBitAnd"),
    _bits("bit_or", "groupBitOr"),
    _bits("bit_xor", "groupBitXor"),
    *moments.ENTRIES,
    *regressions.ENTRIES,
    *quantiles.ENTRIES,
    _entry(
        "list",
        _list,
        _group("list(i4 ORDER BY n)"),
        _group("list(s ORDER BY i4 DESC, n DESC)"),
        _group("list(f8 ORDER BY f9 NULLS FIRST, n)"),
        _group("list(n ORDER BY n) FILTER (WHERE b)"),
        "SELECT list(n ORDER BY n) AS v FROM t",
    ),
    _entry(
        "string_agg",
        _text_of_all,
        _group("string_agg(s, '|' ORDER BY n)"),
        _group("string_agg(s2, ',' ORDER BY s, n)"),
    ),
    Refusal("first", _NOT_FIXED, "write arg_min(x, time)"),
    Refusal("last", _NOT_FIXED, "write arg_max(x, time)"),
    Refusal("any_value", _NOT_FIXED, "write min(x), or arg_max(x, time)"),
    Refusal("mode", _NOT_FIXED, "count the values in a CTE and take the first by a window"),
    Refusal("approx_count_distinct", "the engines' sketches differ", "write count(DISTINCT x)"),
    Refusal("approx_quantile", "the engines' sketches differ", "write quantile_disc(x, q)"),
)
