"""Aggregates of two numbers: covariance, correlation, least squares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.emission import Emission, EmitCall
from featuresql.compiler.clickhouse.types import held

_REAL: Final = "Nullable(Float64)"


class _Pairs:
    """The rows in which neither number is NULL, and what is known of them."""

    def __init__(self, call: EmitCall) -> None:
        if call.around.distinct or call.around.order:
            raise call.refuse(f"DISTINCT or ORDER BY in {call.name}()")
        self.call = call
        # DuckDB's first argument is the dependent variable.
        y, x = (sql.cast(arg, _REAL) for arg in call.args)
        self.y = sql.choose(sql.is_null(x.copy()), sql.null(), y)
        self.x = sql.choose(sql.is_null(y.copy()), sql.null(), x)

    def _given(self, name: str, *values: exp.Expr) -> exp.Expr:
        return sql.cast(self.call.aggregate(name, *(value.copy() for value in values)), _REAL)

    def count(self) -> exp.Expr:
        return self.call.aggregate("count", self.x.copy())

    def mean(self, value: exp.Expr) -> exp.Expr:
        return self._given("avg", value)

    def variance(self, value: exp.Expr) -> exp.Expr:
        return self._given("varPopStable", value)

    def covariance(self) -> exp.Expr:
        return self._given("covarPopStable", self.x, self.y)

    def scaled(self, value: exp.Expr) -> exp.Expr:
        return sql.call("multiply", sql.cast(self.count(), "Float64"), value)

    def slope(self) -> exp.Expr:
        return sql.call("divide", self.covariance(), self.variance(self.x))

    def intercept(self) -> exp.Expr:
        slope = self.slope()
        rise = sql.call("multiply", slope, self.mean(self.x))
        found = sql.call("minus", self.mean(self.y), rise)
        return sql.choose(sql.call("isNaN", slope.copy()), sql.null(), found)

    def correlation(self) -> exp.Expr:
        deviations = [sql.call("sqrt", self.variance(value)) for value in (self.x, self.y)]
        return sql.call("divide", self.covariance(), sql.call("multiply", *deviations))

    def determination(self) -> exp.Expr:
        def is_zero(value: exp.Expr) -> exp.Expr:
            return sql.call("equals", self.variance(value), sql.number(0))

        correlation = self.correlation()
        square = sql.call("multiply", correlation, correlation.copy())
        return sql.call(
            "multiIf",
            is_zero(self.x),
            sql.null(),
            is_zero(self.y),
            sql.cast(sql.number(1), _REAL),
            square,
        )


def _entry(name: str, value: Callable[[_Pairs], exp.Expr], least: int = 1) -> Emission:
    def build(call: EmitCall) -> exp.Expr:
        pairs = _Pairs(call)
        enough = sql.call("greaterOrEquals", pairs.count(), sql.number(least))
        return sql.cast(sql.choose(enough, value(pairs), sql.null()), held(call.result))

    return Emission(
        name,
        build,
        (
            f"SELECT g, {name}(f9, i2) AS v FROM t GROUP BY g",
            f"SELECT {name}(i2, n) AS v FROM t",
            f"SELECT n, {name}(i2, f9) AS v FROM t GROUP BY n",
            f"SELECT g, {name}(n, 1) AS v, {name}(1, n) AS w FROM t GROUP BY g",
            f"SELECT g, {name}(f9, n) FILTER (WHERE n > 4) AS v FROM t GROUP BY g",
            f"{name}(n, f9) OVER (PARTITION BY g ORDER BY n ROWS 2 PRECEDING)",
        ),
    )


def _sample(pairs: _Pairs) -> exp.Expr:
    above = sql.call("minus", pairs.count(), sql.number(1))
    return sql.call("divide", pairs.scaled(pairs.covariance()), above)


def _count(call: EmitCall) -> exp.Expr:
    return call.as_result(_Pairs(call).count())


ENTRIES: Final = (
    _entry("covar_pop", _Pairs.covariance),
    _entry("covar_samp", _sample, least=2),
    _entry("corr", _Pairs.correlation),
    _entry("regr_slope", _Pairs.slope),
    _entry("regr_intercept", _Pairs.intercept),
    _entry("regr_r2", _Pairs.determination),
    _entry("regr_avgx", lambda pairs: pairs.mean(pairs.x)),
    _entry("regr_avgy", lambda pairs: pairs.mean(pairs.y)),
    _entry("regr_sxx", lambda pairs: pairs.scaled(pairs.variance(pairs.x))),
    _entry("regr_syy", lambda pairs: pairs.scaled(pairs.variance(pairs.y))),
    _entry("regr_sxy", lambda pairs: pairs.scaled(pairs.covariance())),
    Emission(
        "regr_count",
        _count,
        (
            "SELECT g, regr_count(f9, i2) AS v FROM t GROUP BY g",
            "SELECT regr_count(i2, n) AS v FROM t",
        ),
    ),
)
