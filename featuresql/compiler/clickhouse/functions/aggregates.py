"""Aggregates, with or without OVER."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.comparable import comparable
from featuresql.compiler.clickhouse.emission import Emission, EmitCall, Refusal, where
from featuresql.compiler.clickhouse.functions import gathered, moments, quantiles, regressions
from featuresql.compiler.clickhouse.types import held, inner, is_composed
from featuresql.compiler.clickhouse.values import missing, nothing

_FRAME: Final = "OVER (PARTITION BY g ORDER BY n ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)"
_MONTH: Final = "ORDER BY ts RANGE BETWEEN INTERVAL 30 DAY PRECEDING AND CURRENT ROW"


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
    if kind.name in {"JSON", "MAP"}:
        raise call.refuse(f"count(DISTINCT) of {kind}")
    value = call.args[0]
    if is_composed(kind):
        known = where(call, sql.negated(missing(value, kind)))
        return call.as_result(known.aggregate("uniqExact", comparable(value.copy(), kind)))
    if kind.is_float:
        # 0.0 and -0.0 are one value.
        value = sql.call("plus", value, sql.cast(sql.text("0"), inner(kind)))
    return call.as_result(call.aggregate("uniqExact", value))


_UNORDERED: Final = frozenset({"INTERVAL", "JSON"})
_WITHOUT_ORDER: Final = frozenset({*_UNORDERED, "UUID"})


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
    kind = call.bound[0]
    if call.around.distinct and (kind.is_integer or kind.name == "DECIMAL"):
        total = sql.cast(_sum(call), "Nullable(Float64)")
        return sql.call("divide", total, call.aggregate("uniqExact", call.args[0].copy()))
    _plain(call)
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
        if is_composed(kind) or kind.name in _WITHOUT_ORDER:
            raise call.refuse(f"{name} of {kind}")
        value = sql.cast(call.args[0], held(kind))
        if len(call.args) > 1:
            key = comparable(sql.call("assumeNotNull", value), kind)
            known = where(call, sql.negated(sql.is_null(value.copy())))
            each = sql.call("tuple", value.copy())
            return gathered.several(known, key, each, from_the_end=name == "max")
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
    cases += [_group(f"{name}({c}, 2)") for c in ("i4", "f8", "s", "d1")]
    return Emission(name, build, (*cases, f"SELECT {name}(i4) AS v FROM t", f"{name}(f8) {_FRAME}"))


def _argument_of(name: str, clickhouse: str, *, keeps_null: bool) -> Emission:
    def build(call: EmitCall) -> exp.Expr:
        _plain(call)
        value_kind, key_kind = call.bound[0], call.bound[1]
        if is_composed(key_kind) or key_kind.name in _UNORDERED:
            raise call.refuse(f"{name} by a {key_kind}")
        value = call.args[0]
        key = comparable(sql.call("assumeNotNull", call.args[1]), key_kind)
        present = sql.negated(sql.is_null(call.args[1].copy()))
        if not keeps_null:
            present = sql.both(present, sql.negated(missing(value.copy(), value_kind)))
        known = where(call, present)
        held_value = sql.call("tuple", sql.cast(value, held(value_kind)))
        if len(call.args) > 2:  # noqa: PLR2004 - a value, a key, how many
            return gathered.several(known, key, held_value, from_the_end=clickhouse == "argMax")
        found = known.aggregate(clickhouse, held_value, key)
        return sql.call("tupleElement", found, sql.number(1))

    ordered = "(PARTITION BY g ORDER BY n)"
    several = () if keeps_null else (_group(f"{name}(s, n, 2)"), _group(f"{name}(li, n, 2)"))
    return Emission(
        name,
        build,
        (
            _group(f"{name}(s, n)"),
            _group(f"{name}(i8, n)"),
            _group(f"{name}(li, n) FILTER (WHERE n > 4)"),
            f"{name}(f8, n) OVER {ordered}",
            *several,
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
        _group("count(DISTINCT li)"),
        _group("count(DISTINCT lf)"),
        _group("count(DISTINCT st)"),
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
        _group("avg(DISTINCT i2 // 2)"),
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
    *gathered.ENTRIES,
    Refusal("mode", gathered.NOT_FIXED, "count the values in a CTE and take the first by a window"),
    Refusal("histogram", "ClickHouse's maps have another order", "count in a CTE, by value"),
    Refusal("approx_count_distinct", "the engines' sketches differ", "write count(DISTINCT x)"),
    Refusal("approx_quantile", "the engines' sketches differ", "write quantile_disc(x, q)"),
)
