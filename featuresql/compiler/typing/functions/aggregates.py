"""Aggregates, with or without OVER."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.typing.argument import map_of
from featuresql.compiler.typing.function import Call, Function, aggregate_function, signatures
from featuresql.compiler.typing.functions.operators import INTEGER_NAMES, singles
from featuresql.compiler.typing.rules import (
    list_of_first,
    require_constants,
    same_as_first,
    sum_of_decimal,
)
from featuresql.spec.column_type import DOUBLE, TIMESTAMP, ColumnType, list_of, scalar

_TWO_REALS: Final = "DOUBLE, DOUBLE -> DOUBLE"
_CONTINUOUS: Final = (
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL"),
    *("DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ"),
)
_APPROXIMATE: Final = (
    *("SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DOUBLE", "DECIMAL"),
    *("DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ"),
)


def _between(kind: ColumnType) -> ColumnType:
    """Return the type of a value between two of `kind`."""
    if kind.is_integer:
        return DOUBLE
    return TIMESTAMP if kind.name == "DATE" else kind


def _interpolated(call: Call) -> ColumnType:
    """Give the type of a continuous quantile, lists of it where several are asked for."""
    require_constants(call)
    kind = _between(call.bound[0])
    several = len(call.bound) > 1 and call.bound[1].element is not None
    return list_of(kind) if several else kind


def _picked(call: Call) -> ColumnType:
    """Give the type of a discrete quantile: the argument's, lists of it for several."""
    require_constants(call)
    several = len(call.bound) > 1 and call.bound[1].element is not None
    return list_of(call.bound[0]) if several else call.bound[0]


def _middle(call: Call) -> ColumnType:
    """Give the type of the median: interpolated for numbers and times, else the argument's."""
    kind = call.arguments[0].type
    return DOUBLE if kind.name == "NULL" else _between(kind)


def _deviation(call: Call) -> ColumnType:
    """Give the type of a distance between two values."""
    kind = call.bound[0]
    if kind.name in {"DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ"}:
        return scalar("INTERVAL")
    return kind


def _counts(call: Call) -> ColumnType:
    """Give maps from the argument's type to how often it is there."""
    return map_of(call.arguments[0].type, scalar("UBIGINT"))


def _reals(names: str, node: type[exp.Expr] | tuple[type[exp.Expr], ...] = ()) -> Function:
    return aggregate_function(names, "DOUBLE -> DOUBLE", node=node, arguments="this")


def _two_reals(names: str, node: type[exp.Expr] | tuple[type[exp.Expr], ...] = ()) -> Function:
    return aggregate_function(names, _TWO_REALS, node=node, arguments="this expression")


def _extremum(name: str, node: type[exp.Expr]) -> Function:
    return Function(
        (name,),
        signatures("ANY -> ANY", rule=same_as_first)
        + signatures("ANY, BIGINT -> ANY", rule=list_of_first),
        kind="aggregate",
        nodes=(node,),
        arguments=("this", "count"),
    )


def _argument_of_extremum(names: str, node: tuple[type[exp.Expr], ...] = ()) -> Function:
    return Function(
        tuple(names.split()),
        signatures("ANY, ANY -> ANY", rule=same_as_first)
        + signatures("ANY, ANY, BIGINT -> ANY", rule=list_of_first),
        kind="aggregate",
        nodes=node,
        arguments=("this", "expression", "count") if node else (),
    )


FUNCTIONS: Final = (
    aggregate_function(
        "count",
        "-> BIGINT",
        "ANY -> BIGINT",
        node=exp.Count,
        arguments="this expressions",
    ),
    aggregate_function("count_star", "-> BIGINT"),
    aggregate_function("count_if countif", "BOOLEAN -> HUGEINT", node=exp.CountIf),
    Function(
        ("sum",),
        signatures(
            "BOOLEAN -> HUGEINT",
            *(f"{name} -> HUGEINT" for name in ("SMALLINT", "INTEGER", "BIGINT", "HUGEINT")),
            "DOUBLE -> DOUBLE",
        )
        + signatures("DECIMAL -> DECIMAL", rule=sum_of_decimal),
        kind="aggregate",
        nodes=(exp.Sum,),
    ),
    Function(
        ("avg", "mean"),
        signatures(
            *(f"{x} -> DOUBLE" for x in ("SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DOUBLE")),
            *singles(("INTERVAL", "TIMESTAMP", "TIMESTAMPTZ", "TIME")),
            "DECIMAL -> DOUBLE",
        ),
        kind="aggregate",
        nodes=(exp.Avg,),
    ),
    _extremum("min", exp.Min),
    _extremum("max", exp.Max),
    _argument_of_extremum("arg_max argmax max_by", (exp.ArgMax,)),
    _argument_of_extremum("arg_min argmin min_by", (exp.ArgMin,)),
    _argument_of_extremum("arg_max_null"),
    _argument_of_extremum("arg_min_null"),
    _argument_of_extremum("arg_max_nulls_last"),
    _argument_of_extremum("arg_min_nulls_last"),
    aggregate_function("first arbitrary", "ANY -> ANY", node=exp.First, rule=same_as_first),
    aggregate_function("last", "ANY -> ANY", node=exp.Last, rule=same_as_first),
    aggregate_function("any_value", "ANY -> ANY", node=exp.AnyValue, rule=same_as_first),
    aggregate_function("mode", "ANY -> ANY", node=exp.Mode, arguments="this", rule=same_as_first),
    aggregate_function("bool_and", "BOOLEAN -> BOOLEAN", node=exp.LogicalAnd),
    aggregate_function("bool_or", "BOOLEAN -> BOOLEAN", node=exp.LogicalOr),
    aggregate_function("bit_and", *singles(INTEGER_NAMES), node=exp.BitwiseAndAgg),
    aggregate_function("bit_or", *singles(INTEGER_NAMES), node=exp.BitwiseOrAgg),
    aggregate_function("bit_xor", *singles(INTEGER_NAMES), node=exp.BitwiseXorAgg),
    _reals("stddev", exp.Stddev),
    _reals("stddev_samp", exp.StddevSamp),
    _reals("stddev_pop", exp.StddevPop),
    _reals("var_samp variance", exp.Variance),
    _reals("var_pop", exp.VariancePop),
    _reals("skewness", exp.Skewness),
    _reals("kurtosis", exp.Kurtosis),
    _reals("kurtosis_pop"),
    _reals("sem"),
    _reals("product"),
    _reals("fsum kahan_sum sumkahan"),
    _reals("favg"),
    _reals("geomean geometric_mean"),
    aggregate_function("entropy", "ANY -> DOUBLE"),
    _two_reals("corr", exp.Corr),
    _two_reals("covar_pop", exp.CovarPop),
    _two_reals("covar_samp", exp.CovarSamp),
    _two_reals("regr_slope", exp.RegrSlope),
    _two_reals("regr_intercept", exp.RegrIntercept),
    _two_reals("regr_r2", exp.RegrR2),
    _two_reals("regr_avgx", exp.RegrAvgx),
    _two_reals("regr_avgy", exp.RegrAvgy),
    _two_reals("regr_sxx", exp.RegrSxx),
    _two_reals("regr_sxy", exp.RegrSxy),
    _two_reals("regr_syy", exp.RegrSyy),
    aggregate_function(
        "regr_count", "DOUBLE, DOUBLE -> UINTEGER", node=exp.RegrCount, arguments="this expression"
    ),
    aggregate_function("median", "ANY -> ANY", node=exp.Median, rule=_middle),
    aggregate_function(
        "mad",
        *(f"{x} -> {x}" for x in ("FLOAT", "DOUBLE", "DECIMAL")),
        *(f"{x} -> {x}" for x in ("DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ")),
        rule=_deviation,
    ),
    aggregate_function(
        "quantile_cont",
        *(f"{x}, DOUBLE -> {x}" for x in _CONTINUOUS),
        *(f"{x}, DOUBLE[] -> {x}" for x in _CONTINUOUS),
        node=exp.PercentileCont,
        arguments="this expression",
        rule=_interpolated,
    ),
    aggregate_function(
        "quantile_disc quantile",
        "ANY, DOUBLE -> ANY",
        "ANY, DOUBLE[] -> ANY",
        node=(exp.PercentileDisc, exp.Quantile),
        arguments="this expression quantile",
        rule=_picked,
    ),
    aggregate_function(
        "approx_quantile",
        *(f"{x}, FLOAT -> {x}" for x in _APPROXIMATE),
        *(f"{x}, FLOAT[] -> {x}" for x in (*_APPROXIMATE, "TINYINT", "FLOAT")),
        node=exp.ApproxQuantile,
        arguments="this quantile",
        rule=_picked,
    ),
    aggregate_function("approx_count_distinct", "ANY -> BIGINT", node=exp.ApproxDistinct),
    aggregate_function("list array_agg", "T -> T[]", node=exp.ArrayAgg, arguments="this"),
    aggregate_function(
        "string_agg group_concat listagg",
        "ANY, VARCHAR? -> VARCHAR",
        node=exp.GroupConcat,
        arguments="this separator",
    ),
    aggregate_function("histogram", "ANY -> ANY", rule=_counts),
    aggregate_function(
        "grouping grouping_id",
        "ANY, ANY... -> BIGINT",
        node=(exp.Grouping, exp.GroupingId),
        arguments="expressions",
    ),
)
