"""Aggregates over a list's elements: those of groups, said of an Array."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.casts import convert
from featuresql.compiler.clickhouse.emission import Aggregation, Emission, EmitCall, Refusal
from featuresql.compiler.clickhouse.functions import aggregates
from featuresql.compiler.clickhouse.functions.pieces import parameters, within
from featuresql.compiler.clickhouse.types import is_composed
from featuresql.compiler.typing.argument import NULL, Argument
from featuresql.compiler.typing.choose_overload import choose_overload
from featuresql.compiler.typing.function_table import BY_NAME
from featuresql.compiler.typing.rules import constant_text

_AGGREGATES: Final = {entry.name: entry for entry in aggregates.ENTRIES}


def _over_elements(call: EmitCall, name: str, *rest: exp.Expr) -> exp.Expr:
    """Return the aggregate `name` over the elements of the first operand."""
    entry = _AGGREGATES.get(name)
    if isinstance(entry, Refusal):
        raise call.refuse(f"{name}: {entry.reason}")
    if entry is None:
        raise call.refuse(f"{name} of a list")
    kind = call.bound[0].element or NULL
    arguments = (Argument(kind), *(call.emitter.typer.argument(node) for node in rest))
    _, chosen = choose_overload(BY_NAME[name], call.node, (call.operands[0], *rest), arguments)
    # A generic DECIMAL has the element's digits.
    bound = kind if kind.name == chosen.bound[0].name else chosen.bound[0]
    listed, each = parameters(call, 2)
    element = convert(call.emitter, call.node, sql.name(each), kind, bound)
    others = tuple(
        call.emitter.emit_as(node, wanted)
        for node, wanted in zip(rest, chosen.bound[1:], strict=True)
    )

    def build(values: exp.Expr) -> exp.Expr:
        return entry.build(
            EmitCall(
                emitter=call.emitter,
                name=name,
                node=call.node,
                operands=(call.operands[0], *rest),
                args=(element, *others),
                bound=(bound, *chosen.bound[1:]),
                result=call.result,
                around=Aggregation(elements=(each, values)),
            )
        )

    return within((listed,), call.args[:1], call.result, build)


def _named(call: EmitCall) -> exp.Expr:
    name = (constant_text(call.operands[1]) or "").lower()
    return _over_elements(call, BY_NAME[name].name, *call.operands[2:])


def _mode(call: EmitCall) -> exp.Expr:
    """Return the value that is there most often, the first of several; a list has an order."""
    kind = call.bound[0].element or NULL
    if is_composed(kind) or kind.is_float:
        raise call.refuse(f"list_mode of {kind}")
    listed, each = parameters(call, 2)

    def build(values: exp.Expr) -> exp.Expr:
        known = sql.function((each,), sql.call("isNotNull", sql.name(each)))
        present = sql.call("arrayFilter", known, values)
        often = sql.mapped(present, lambda it: sql.call("countEqual", present.copy(), it))
        most = sql.call("indexOf", often, sql.call("arrayMax", often.copy()))
        return sql.call("arrayElement", present.copy(), most)

    return within((listed,), call.args[:1], call.result, build)


def _of(name: str, *cases: str) -> Emission:
    own = BY_NAME[name].name
    return Emission(f"list_{name}", lambda call: _over_elements(call, own), cases)


def _of_columns(name: str, *columns: str) -> Emission:
    return _of(name, *(f"list_{name}({column})" for column in columns))


_INTEGERS: Final = ("li", "[n, NULL, 3]", "[]::INTEGER[]", "NULL::BIGINT[]")
_FLOATS: Final = ("lf", "[f4, NULL]", "[d1, d1, 0.5]")
_TEXTS: Final = ("ls", "[s, s2]")
_TRUTHS: Final = ("[b, c]", "[b, NULL]", "[]::BOOLEAN[]")

ENTRIES: Final[tuple[Emission | Refusal, ...]] = (
    *(_of_columns(name, *_INTEGERS, *_FLOATS) for name in ("sum", "avg", "median", "product")),
    *(_of_columns(name, *_INTEGERS, *_FLOATS, *_TEXTS, "[ts, ts2]") for name in ("min", "max")),
    *(
        _of_columns(name, *_INTEGERS, *_FLOATS, *_TEXTS, "[st, st]")
        for name in ("count", "first", "last", "any_value")
    ),
    *(
        _of_columns(name, "li", "[f9, n, NULL]", "[]::DOUBLE[]", "[d1, d1, 0.5]")
        for name in ("stddev_pop", "stddev_samp", "var_pop", "var_samp", "sem", "mad")
    ),
    _of_columns("entropy", *_INTEGERS, *_FLOATS, *_TEXTS),
    *(_of_columns(name, *_TRUTHS) for name in ("bool_and", "bool_or")),
    *(_of_columns(name, *_INTEGERS) for name in ("bit_and", "bit_or", "bit_xor")),
    _of_columns("string_agg", *_TEXTS, "li"),
    Emission(
        "list_aggregate",
        _named,
        (
            "list_aggregate(li, 'sum')",
            "list_aggr(lf, 'max')",
            "array_aggregate(ls, 'string_agg', '|')",
            "list_aggregate(li, 'quantile_cont', 0.3)",
            "list_aggregate(lf, 'quantile_disc', [0.3, 0.9])",
            "list_aggregate(li, 'VARIANCE')",
        ),
    ),
    Emission("list_mode", _mode, ("list_mode(li)", "list_mode(ls)", "list_mode([b, c, NULL])")),
    Refusal("list_histogram", "ClickHouse's maps have another order"),
    Refusal("list_approx_count_distinct", "the engines' sketches differ", "write list_unique(l)"),
    *(
        Refusal(f"list_{name}", "it is made of sums of powers, whose digits cancel")
        for name in ("skewness", "kurtosis", "kurtosis_pop")
    ),
)
