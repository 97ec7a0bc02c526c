"""Functions that need an OVER clause."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.typing.function import Function, signatures, window_function
from featuresql.compiler.typing.rules import same_as_first


def _value(name: str, node: type[exp.Expr], text: str, arguments: str) -> Function:
    return Function(
        (name,),
        signatures(text, rule=same_as_first),
        kind="window",
        nodes=(node,),
        arguments=tuple(arguments.split()),
    )


FUNCTIONS: Final = (
    window_function("row_number", "-> BIGINT", node=exp.RowNumber),
    window_function("rank", "-> BIGINT", node=exp.Rank),
    window_function("dense_rank rank_dense", "-> BIGINT", node=exp.DenseRank),
    window_function("percent_rank", "-> DOUBLE", node=exp.PercentRank),
    window_function("cume_dist", "-> DOUBLE", node=exp.CumeDist),
    window_function("ntile", "BIGINT -> BIGINT", node=exp.Ntile),
    _value("first_value", exp.FirstValue, "ANY -> ANY", "this"),
    _value("last_value", exp.LastValue, "ANY -> ANY", "this"),
    _value("nth_value", exp.NthValue, "ANY, BIGINT -> ANY", "this offset"),
    _value("lag", exp.Lag, "ANY, BIGINT?, ANY? -> ANY", "this offset default"),
    _value("lead", exp.Lead, "ANY, BIGINT?, ANY? -> ANY", "this offset default"),
)
