"""Functions that need a window."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.emission import Emission, EmitCall, Refusal, where
from featuresql.compiler.clickhouse.functions.pieces import FIRST
from featuresql.compiler.clickhouse.types import held, is_composed
from featuresql.compiler.clickhouse.values import missing, nothing
from featuresql.compiler.typing.rules import constant_integer

_OVER: Final = "OVER (PARTITION BY g ORDER BY i8, n)"


def _ranked(name: str) -> Emission:
    return Emission(
        name,
        lambda call: call.as_result(call.aggregate(name)),
        (f"{name}() {_OVER}", f"{name}() OVER (PARTITION BY g ORDER BY f8 DESC NULLS FIRST, n)"),
    )


_ALL: Final = ("UNBOUNDED PRECEDING", "UNBOUNDED FOLLOWING")
_BEFORE: Final = ("UNBOUNDED PRECEDING", "1 PRECEDING")
_AFTER: Final = ("1 FOLLOWING", "UNBOUNDED FOLLOWING")


def _framed(call: EmitCall, bounds: tuple[str, str] = _ALL, kind: str = "ROWS") -> EmitCall:
    """Return the call with another frame than the one it has: some functions do not heed theirs."""
    over = call.around.over
    if over is None:
        return call
    spec = exp.WindowSpec(kind=kind)
    for side, text in zip(("start", "end"), bounds, strict=True):
        reach, direction = text.split()
        spec.set(side, sql.number(int(reach)) if reach.isdigit() else reach)
        spec.set(f"{side}_side", direction)
    over = over.copy()
    over.set("spec", spec)
    return replace(call, around=replace(call.around, over=over, peers=None))


def _constant(call: EmitCall, position: int, default: int) -> int:
    if len(call.operands) <= position:
        return default
    found = constant_integer(call.operands[position])
    if found is None:
        raise call.refuse(f"{call.name} by a number that is no constant")
    return found


def _given(call: EmitCall) -> EmitCall:
    """Return the call over the rows alone whose value is not NULL."""
    return where(call, sql.negated(missing(call.args[0].copy(), call.bound[0])))


def _pick(call: EmitCall, place: int) -> exp.Expr:
    """Return the value at a place among the rows of the frame, from its end where below 0."""
    values = call.aggregate("groupArray", sql.call("tuple", call.args[0].copy()))
    return sql.call(
        "tupleElement", sql.call("arrayElement", values, sql.number(place)), FIRST.copy()
    )


def _neighbour(name: str, clickhouse: str) -> Emission:
    def build(call: EmitCall) -> exp.Expr:
        offset = _constant(call, 1, 1)
        is_before = (name == "lag") == (offset >= 0)
        default = None
        if len(call.operands) > 2:  # noqa: PLR2004 - the value, the offset, the default
            made = call.emitter.emit_as(call.operands[2], call.result)
            default = sql.cast(made, held(call.result))
        if call.around.ignore_nulls:
            return _known_neighbour(call, abs(offset), default, is_before=is_before)
        other = {"lagInFrame": "leadInFrame", "leadInFrame": "lagInFrame"}
        function = clickhouse if offset >= 0 else other[clickhouse]
        args = [call.args[0], sql.number(abs(offset)), *([default] if default else [])]
        return _framed(call).aggregate(function, *args)

    return Emission(
        name,
        build,
        (
            f"{name}(i4) {_OVER}",
            f"{name}(s, 2) {_OVER}",
            f"{name}(i8, 2, -1) {_OVER}",
            f"{name}(i8, -1, n) {_OVER}",
            f"{name}(ts, 0) {_OVER}",
            f"{name}(li) {_OVER}",
            f"{name}(b IGNORE NULLS) OVER (ORDER BY n)",
            f"{name}(b, 2 IGNORE NULLS) OVER (ORDER BY n)",
            f"{name}(b, 3, true IGNORE NULLS) OVER (ORDER BY n)",
            f"{name}(b, -1, true IGNORE NULLS) OVER (PARTITION BY g ORDER BY n DESC)",
            f"{name}(i4) OVER (ORDER BY n ROWS BETWEEN 1 FOLLOWING AND 2 FOLLOWING)",
        ),
    )


def _known_neighbour(
    call: EmitCall, offset: int, default: exp.Expr | None, *, is_before: bool
) -> exp.Expr:
    """Return the value of the row so far away among those whose value is not NULL."""
    if not offset:
        raise call.refuse(f"{call.name} by 0 with IGNORE NULLS", "write the value itself")
    bounds, place = (_BEFORE, -offset) if is_before else (_AFTER, offset)
    found = _pick(_framed(_given(call), bounds), place)
    if default is None:
        return found
    return sql.choose(missing(found, call.result), default, found.copy())


def _value(name: str) -> Emission:
    def build(call: EmitCall) -> exp.Expr:
        if not call.around.ignore_nulls:
            return call.aggregate(f"{name}_respect_nulls", call.args[0])
        if is_composed(call.bound[0]):
            return _pick(_given(call), 1 if name == "first_value" else -1)
        return call.aggregate(name, call.args[0])

    return Emission(
        name,
        build,
        (
            f"{name}(i4) {_OVER}",
            f"{name}(li) {_OVER}",
            f"{name}(li IGNORE NULLS) {_OVER}",
            f"{name}(s IGNORE NULLS) {_OVER}",
            f"{name}(f8) OVER (ORDER BY n ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING)",
            f"{name}(st) OVER (ORDER BY n ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING)",
            f"{name}(ts) OVER (ORDER BY n ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)",
        ),
    )


def _nth_value(call: EmitCall) -> exp.Expr:
    place = _constant(call, 1, 1)
    if place <= 0:
        return nothing(call.result)
    return _pick(_given(call) if call.around.ignore_nulls else call, place)


def _ntile(call: EmitCall) -> exp.Expr:
    """Return the part of the partition that a row is in; the first parts take what is over."""
    parts = _constant(call, 0, 1)
    if parts <= 0:
        raise call.refuse("ntile of no parts", "write a number above 0")
    number, count = (
        sql.call("toInt64", _framed(call).aggregate(name)) for name in ("row_number", "count")
    )
    before = sql.call("minus", number, sql.number(1))
    size = sql.call("intDiv", count, sql.number(parts))
    over = sql.call("modulo", count.copy(), sql.number(parts))
    larger = sql.call("plus", size, sql.number(1))
    in_larger = sql.call("multiply", over, larger)
    rest = sql.call("minus", before, in_larger)
    found = sql.choose(
        sql.call("less", before.copy(), in_larger.copy()),
        sql.call("intDiv", before.copy(), larger.copy()),
        sql.call(
            "plus",
            over.copy(),
            sql.call("intDiv", rest, sql.call("greatest", size.copy(), sql.number(1))),
        ),
    )
    return call.as_result(sql.call("plus", found, sql.number(1)))


ENTRIES: Final[tuple[Emission | Refusal, ...]] = (
    _ranked("row_number"),
    _ranked("rank"),
    _ranked("dense_rank"),
    Emission(
        "percent_rank",
        lambda call: call.as_result(_framed(call, kind="RANGE").aggregate("percent_rank")),
        (f"percent_rank() {_OVER}",),
    ),
    Emission(
        "cume_dist",
        lambda call: call.as_result(_framed(call, kind="RANGE").aggregate("cume_dist")),
        (f"cume_dist() {_OVER}",),
    ),
    _neighbour("lag", "lagInFrame"),
    _neighbour("lead", "leadInFrame"),
    _value("first_value"),
    _value("last_value"),
    Emission(
        "nth_value",
        _nth_value,
        (
            f"nth_value(i4, 2) {_OVER}",
            "nth_value(b, 2 IGNORE NULLS) OVER (ORDER BY n)",
            f"nth_value(li, 3) {_OVER}",
            "nth_value(s, 2) OVER (ORDER BY n ROWS BETWEEN 3 PRECEDING AND 2 PRECEDING)",
            f"nth_value(f8, 0) {_OVER}",
        ),
    ),
    Emission(
        "ntile",
        _ntile,
        (
            *(f"ntile({parts}) {_OVER}" for parts in (1, 2, 3, 7, 100)),
            "ntile(5) OVER (ORDER BY n DESC)",
        ),
    ),
)
