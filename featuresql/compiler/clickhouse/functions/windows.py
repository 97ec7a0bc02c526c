"""Functions that need a window."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.emission import Emission, EmitCall, Refusal
from featuresql.compiler.clickhouse.types import held
from featuresql.compiler.typing.rules import constant_integer

_OVER: Final = "OVER (PARTITION BY g ORDER BY i8, n)"


def _ranked(name: str) -> Emission:
    return Emission(
        name,
        lambda call: call.as_result(call.aggregate(name)),
        (f"{name}() {_OVER}", f"{name}() OVER (PARTITION BY g ORDER BY f8 DESC NULLS FIRST, n)"),
    )


def _whole(call: EmitCall, kind: str = "ROWS") -> EmitCall:
    """Let the frame be the whole partition, which some functions ask for."""
    if call.around.over is not None:
        spec = exp.WindowSpec(
            kind=kind,
            start="UNBOUNDED",
            start_side="PRECEDING",
            end="UNBOUNDED",
            end_side="FOLLOWING",
        )
        call.around.over.set("spec", spec)
    return call


def _neighbour(name: str, clickhouse: str) -> Emission:
    def build(call: EmitCall) -> exp.Expr:
        if call.around.ignore_nulls:
            hint = "write last_value(x IGNORE NULLS) with ROWS BETWEEN ... AND 1 PRECEDING"
            raise call.refuse(f"{name} with IGNORE NULLS", hint)
        offset = constant_integer(call.operands[1]) if len(call.operands) > 1 else 1
        if offset is None or offset < 0:
            raise call.refuse(f"{name} by an offset that is no constant, or below 0")
        args = [call.args[0], sql.number(offset)]
        if len(call.operands) > 2:  # noqa: PLR2004 - the value, the offset, the default
            default = call.emitter.emit_as(call.operands[2], call.result)
            args.append(sql.cast(default, held(call.result)))
        return _whole(call).aggregate(clickhouse, *args)

    return Emission(
        name,
        build,
        (
            f"{name}(i4) {_OVER}",
            f"{name}(s, 2) {_OVER}",
            f"{name}(i8, 2, -1) {_OVER}",
            f"{name}(ts, 0) {_OVER}",
            f"{name}(li) {_OVER}",
        ),
    )


def _value(name: str) -> Emission:
    def build(call: EmitCall) -> exp.Expr:
        if call.bound[0].element is not None or call.bound[0].fields:
            raise call.refuse(f"{name} of lists or structs")
        suffix = "" if call.around.ignore_nulls else "_respect_nulls"
        return call.aggregate(f"{name}{suffix}", call.args[0])

    return Emission(
        name,
        build,
        (
            f"{name}(i4) {_OVER}",
            f"{name}(s IGNORE NULLS) {_OVER}",
            f"{name}(f8) OVER (ORDER BY n ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING)",
            f"{name}(ts) OVER (ORDER BY n ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)",
        ),
    )


ENTRIES: Final[tuple[Emission | Refusal, ...]] = (
    _ranked("row_number"),
    _ranked("rank"),
    _ranked("dense_rank"),
    Emission(
        "percent_rank",
        lambda call: call.as_result(_whole(call, "RANGE").aggregate("percent_rank")),
        (f"percent_rank() {_OVER}",),
    ),
    Emission(
        "cume_dist",
        lambda call: call.as_result(_whole(call, "RANGE").aggregate("cume_dist")),
        (f"cume_dist() {_OVER}",),
    ),
    _neighbour("lag", "lagInFrame"),
    _neighbour("lead", "leadInFrame"),
    _value("first_value"),
    _value("last_value"),
)
