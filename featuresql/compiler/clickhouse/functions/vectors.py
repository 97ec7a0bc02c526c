"""Distances and products of vectors: lists of floats of one length, without NULL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.emission import Emission, EmitCall
from featuresql.compiler.clickhouse.functions.pieces import parameters, within

_Formula: TypeAlias = Callable[[Callable[[exp.Expr], exp.Expr], exp.Expr, exp.Expr], exp.Expr]


def _vectors(formula: _Formula) -> Callable[[EmitCall], exp.Expr]:
    """Return the build of `formula(total, x, y)`; `total` adds up a term over the elements."""

    def build(call: EmitCall) -> exp.Expr:
        left, right, total, x, y = parameters(call, 5)
        kind = "Float32" if call.result.name == "FLOAT" else "Float64"

        def made(first: exp.Expr, second: exp.Expr) -> exp.Expr:
            def summed(term: exp.Expr) -> exp.Expr:
                grown = sql.cast(sql.call("plus", sql.name(total), term), kind)
                fold = sql.function((total, x, y), grown)
                zero = sql.cast(sql.number(0), kind)
                arrays = [sql.cast(part.copy(), f"Array({kind})") for part in (first, second)]
                return sql.call("arrayFold", fold, *arrays, zero)

            return formula(summed, sql.name(x), sql.name(y))

        return within((left, right), call.args, call.result, made)

    return build


def _product(x: exp.Expr, y: exp.Expr) -> exp.Expr:
    return sql.call("multiply", x.copy(), y.copy())


def _distance(total: Callable[[exp.Expr], exp.Expr], x: exp.Expr, y: exp.Expr) -> exp.Expr:
    apart = sql.call("minus", x, y)
    return sql.call("sqrt", total(_product(apart, apart)))


def _similarity(total: Callable[[exp.Expr], exp.Expr], x: exp.Expr, y: exp.Expr) -> exp.Expr:
    lengths = sql.call("multiply", total(_product(x, x)), total(_product(y, y)))
    cosine = sql.call("divide", total(_product(x, y)), sql.call("sqrt", lengths))
    least = sql.call("least", cosine, sql.number(1))
    clamped = sql.call("greatest", least, sql.number(-1))
    return sql.choose(sql.call("isNaN", cosine.copy()), cosine.copy(), clamped)


ENTRIES: Final = (
    Emission(
        "list_distance",
        _vectors(_distance),
        ("list_distance([1.0, n], [2.0, 3.5])", "list_distance([1.5::FLOAT], [n::FLOAT])"),
    ),
    Emission(
        "list_dot_product",
        _vectors(lambda total, x, y: total(_product(x, y))),
        ("list_dot_product([1.0, n], [2.0, 3.5])", "list_inner_product([]::DOUBLE[], [])"),
    ),
    Emission(
        "list_negative_dot_product",
        _vectors(lambda total, x, y: sql.call("negate", total(_product(x, y)))),
        ("list_negative_dot_product([1.0, n], [2.0, 3.5])",),
    ),
    Emission(
        "list_cosine_similarity",
        _vectors(_similarity),
        ("list_cosine_similarity([1.0, n], [2.0, 3.5])", "list_cosine_similarity([0.0], [n])"),
    ),
    Emission(
        "list_cosine_distance",
        _vectors(lambda t, x, y: sql.call("minus", sql.number(1), _similarity(t, x, y))),
        ("list_cosine_distance([1.0, n], [2.0, 3.5])", "[1.0, 0.0] <=> [n, n]"),
    ),
)
