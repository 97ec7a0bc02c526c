"""How values are spread: variance, entropy, and means of other kinds."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.emission import Emission, EmitCall, Refusal
from featuresql.compiler.clickhouse.types import held, inner, is_composed
from featuresql.spec.column_type import ColumnType

_REAL: Final = "Nullable(Float64)"
_COUNTED: Final = ("f4", "f8", "s", "b", "d", "i8", "u8")
_FRAME: Final = "OVER (PARTITION BY g ORDER BY n ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)"


def one_zero(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Return a float whose zero has one sign."""
    return sql.call("plus", value, sql.cast(sql.text("0"), inner(kind)))


def _value(call: EmitCall) -> exp.Expr:
    if call.around.distinct or call.around.order:
        raise call.refuse(f"DISTINCT or ORDER BY in {call.name}()")
    return sql.cast(call.args[0], _REAL)


def _known(call: EmitCall) -> exp.Expr:
    return call.aggregate("count", call.args[0].copy())


def _given(call: EmitCall, name: str, value: exp.Expr) -> exp.Expr:
    return sql.cast(call.aggregate(name, value), _REAL)


def _at_least(call: EmitCall, least: int, value: exp.Expr) -> exp.Expr:
    enough = sql.call("greaterOrEquals", _known(call), sql.number(least))
    return sql.cast(sql.choose(enough, value, sql.null()), _REAL)


def _cases(name: str) -> tuple[str, ...]:
    columns = ("i2", "f9", "d1")
    groups = (f"SELECT g, {name}({column}) AS v FROM t GROUP BY g" for column in columns)
    return (
        *groups,
        f"SELECT {name}(d1) AS v FROM t",
        f"SELECT {name}(i2) FILTER (WHERE n > 5) AS v FROM t",
        f"{name}(i2) {_FRAME}",
    )


def _spread(name: str, clickhouse: str, least: int) -> Emission:
    def build(call: EmitCall) -> exp.Expr:
        return _at_least(call, least, _given(call, clickhouse, _value(call)))

    return Emission(name, build, (*_cases(name), f"SELECT g, {name}(f8) AS v FROM t GROUP BY g"))


def _standard_error(call: EmitCall) -> exp.Expr:
    deviation = _given(call, "stddevPopStable", _value(call))
    return _at_least(call, 1, sql.call("divide", deviation, sql.call("sqrt", _known(call))))


def _entropy(call: EmitCall) -> exp.Expr:
    (kind,) = call.bound
    if is_composed(kind) or kind.name in {"INTERVAL", "JSON"}:
        raise call.refuse(f"entropy of {kind}")
    if call.around.distinct or call.around.order:
        raise call.refuse("DISTINCT or ORDER BY in entropy()")
    value = sql.cast(call.args[0], held(kind))
    if kind.is_float:
        # ClickHouse counts NaN and other numbers as one.
        value = sql.call("toString", one_zero(value, kind))
    found = _given(call, "entropy", value)
    empty = sql.call("equals", _known(call), sql.number(0))
    return sql.cast(sql.choose(empty, sql.cast(sql.number(0), _REAL), found), _REAL)


def _product_of_all(call: EmitCall) -> exp.Expr:
    gathered = call.aggregate("groupArray", _value(call))
    return _at_least(call, 1, sql.call("arrayProduct", gathered))


def _geometric_mean(call: EmitCall) -> exp.Expr:
    return sql.call("exp", _given(call, "avg", sql.call("log", _value(call))))


_POWERS: Final = "it is made of sums of powers, whose digits cancel"
_ANOTHER_SUM: Final = "what it loses depends on the order of the rows"

ENTRIES: Final[tuple[Emission | Refusal, ...]] = (
    _spread("stddev", "stddevSampStable", 2),
    _spread("stddev_samp", "stddevSampStable", 2),
    _spread("stddev_pop", "stddevPopStable", 1),
    _spread("var_samp", "varSampStable", 2),
    _spread("var_pop", "varPopStable", 1),
    Emission("sem", _standard_error, _cases("sem")),
    Emission("product", _product_of_all, _cases("product")),
    Emission(
        "geomean",
        _geometric_mean,
        tuple(f"SELECT g, geomean({c}) AS v FROM t GROUP BY g" for c in ("i2", "f9", "f8", "d1")),
    ),
    Emission(
        "entropy",
        _entropy,
        (
            *_cases("entropy"),
            *(f"SELECT g, entropy({c}) AS v FROM t GROUP BY g" for c in _COUNTED),
            "SELECT n, entropy(f8) AS v FROM t GROUP BY n",
        ),
    ),
    *(
        Refusal(name, _POWERS, f"average the {power} power of (x - mean) / stddev_pop, from a CTE")
        for name, power in (
            ("skewness", "third"),
            ("kurtosis", "fourth"),
            ("kurtosis_pop", "fourth"),
        )
    ),
    Refusal("fsum", _ANOTHER_SUM, "write sum(x), or sum a DECIMAL"),
    Refusal("favg", _ANOTHER_SUM, "write avg(x), or avg of a DECIMAL"),
)
