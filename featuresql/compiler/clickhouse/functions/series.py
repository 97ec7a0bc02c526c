"""Series of whole numbers as lists."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.emission import Emission, EmitCall
from featuresql.compiler.clickhouse.functions.pieces import just, parameters, unless_null
from featuresql.spec.column_type import BIGINT


def series(call: EmitCall) -> exp.Expr:
    """Return the Array of a series whose operands are not NULL."""
    if any(kind != BIGINT for kind in call.bound):
        raise call.refuse("a series of instants", "add the numbers of a series to one instant")
    is_inclusive = call.name == "generate_series" or isinstance(call.node, exp.GenerateSeries)
    if isinstance(call.node, exp.GenerateSeries) and call.node.args.get("is_end_exclusive"):
        is_inclusive = False
    start, end, step = (
        (sql.number(0), call.args[0], sql.number(1))
        if len(call.args) == 1
        else (*call.args, sql.number(1))[:3]
    )
    wide = [sql.call("toInt128", sql.call("assumeNotNull", part)) for part in (start, end, step)]
    first, last, by = wide
    sign = sql.call("sign", by.copy())
    distance = sql.call("minus", last, first)
    if not is_inclusive:
        distance = sql.call("minus", distance, sign)
    # A step of 0 gives nothing; so does an end that lies the other way.
    steps = sql.call("intDiv", distance, sql.choose(sql.call("equals", by, _zero()), _one(), by))
    away = sql.call("less", sql.call("multiply", distance.copy(), sign.copy()), _zero())
    none = sql.either(away, sql.call("equals", by.copy(), _zero()))
    count = sql.choose(none, _zero(), sql.call("plus", steps, _one()))
    (place,) = parameters(call, 1)
    value = sql.call("plus", first.copy(), sql.call("multiply", sql.name(place), by.copy()))
    numbers = sql.call("range", sql.call("toUInt64", count))
    return sql.call("arrayMap", sql.function((place,), sql.call("toInt64", value)), numbers)


def _zero() -> exp.Expr:
    return sql.call("toInt128", sql.number(0))


def _one() -> exp.Expr:
    return sql.call("toInt128", sql.number(1))


def _series(call: EmitCall) -> exp.Expr:
    return unless_null(call.args, just(series(call)), call.result)


ENTRIES: Final = (
    Emission(
        "range",
        _series,
        (
            *("range(3)", "range(n)", "range(1, n, 2)", "range(5, 1, -2)", "range(5, 1)"),
            *("range(1, n, 0)", "generate_series(1, n)", "generate_series(n, -3, -2)"),
            *("range(i8, i8, 1)", "generate_series(i4, i4)", "range(NULL)"),
        ),
    ),
)
