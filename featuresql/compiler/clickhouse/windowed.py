"""Aggregates with FILTER, ORDER BY or DISTINCT, and windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.around import order_of
from featuresql.compiler.clickhouse.comparable import distinguished
from featuresql.compiler.clickhouse.emission import Aggregation
from featuresql.compiler.clickhouse.range_frames import bound, find_spec, is_distance
from featuresql.compiler.clickhouse.sort_keys import sort_keys
from featuresql.compiler.clickhouse.values import truth
from featuresql.compiler.typing.function_table import BY_NAME

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter


# The meta of a window whose maker does not mind in which order its rows come.
ANY_ORDER: Final = "any_order"
_RANKS: Final = frozenset({"rank", "dense_rank", "percent_rank", "cume_dist"})


def _within(emitter: Emitter, node: exp.Expr, around: Aggregation) -> exp.Expr:
    """Say the call inside of `node`, with all that stands around it."""
    if isinstance(node, exp.Window):
        around = replace(around, over=_window(emitter, node), peers=_peers(emitter, node))
        return _within(emitter, node.this, around)
    if isinstance(node, exp.Filter):
        condition = sql.call("ifNull", truth(emitter, node.expression.this), exp.false())
        return _within(emitter, node.this, replace(around, condition=condition))
    if isinstance(node, exp.IgnoreNulls):
        return _within(emitter, node.this, replace(around, ignore_nulls=True))
    if isinstance(node, exp.WithinGroup):
        around = replace(around, order=order_of(emitter, node.expression))
        return _within(emitter, node.this, around)
    if isinstance(node, exp.RespectNulls):
        return _within(emitter, node.this, around)
    return emitter.emit_call(node, around)


def _outermost(emitter: Emitter, node: exp.Expr) -> exp.Expr:
    return _within(emitter, node, Aggregation())


def _window(emitter: Emitter, node: exp.Window) -> exp.Window:
    """Return the OVER clause, as yet of nothing."""
    if node.args.get("exclude"):
        raise emitter.refuse(node, "EXCLUDE in a frame", "end the frame before the row")
    described = find_spec(node)
    if not described.order and _wants_order(emitter, node, described.spec):
        raise emitter.refuse(node, "a window whose rows have no order", "say it by ORDER BY")
    made = exp.Window(
        this=sql.null(),
        partition_by=[
            distinguished(emitter.emit(part), emitter.kind(part)) for part in described.partition
        ],
        over="OVER",
    )
    framed = emitter.framed.get(described.digest)
    if framed is not None:
        made.set("order", exp.Order(expressions=[framed.key.copy()]))
        made.set("spec", framed.spec.copy())
        return made
    keys = [key for ordered in described.order for key in sort_keys(emitter, ordered)]
    if keys:
        made.set("order", exp.Order(expressions=keys))
    if described.spec is not None:
        made.set("spec", _rows(emitter, described.spec))
    return made


def _wants_order(emitter: Emitter, node: exp.Window, spec: exp.WindowSpec | None) -> bool:
    """Whether what a window gives depends on the order of its rows."""
    if node.meta.get(ANY_ORDER):
        return False
    call: exp.Expr = node.this
    while isinstance(call, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
        call = call.this
    found = emitter.typer.calls.get(id(call))
    function = BY_NAME.get(found.name) if found else None
    if function is not None and function.kind == "window" and found is not None:
        return found.name not in _RANKS
    sides = [spec.args.get(side) for side in ("start", "end")] if spec is not None else []
    return any(side != "UNBOUNDED" for side in sides) and not _is_range(spec)


def _is_range(spec: exp.WindowSpec | None) -> bool:
    return spec is not None and str(spec.args.get("kind") or "RANGE").upper() == "RANGE"


def _peers(emitter: Emitter, node: exp.Window) -> tuple[exp.Expr, exp.Window] | None:
    """Return what a row with a NULL key sees, where a distance keeps the frame off its own row."""
    described = find_spec(node)
    if not is_distance(described.spec) or described.spec is None:
        return None
    bounds = [bound(emitter, described.spec, side) for side in ("start", "end")]
    if any(reach == "UNBOUNDED" for reach, _ in bounds):
        sides = [direction for reach, direction in bounds if reach != "UNBOUNDED"]
    else:
        sides = [direction for _, direction in bounds]
    (_, first), (_, last) = bounds
    if not (first == last and first is not None):
        return None
    if len(sides) < 2:  # noqa: PLR2004 - both bounds
        raise emitter.refuse(node, "a frame that is open on one side and leaves its own row out")
    absent = sql.is_null(emitter.emit(described.order[0].this))
    partition = [
        distinguished(emitter.emit(part), emitter.kind(part)) for part in described.partition
    ]
    window = exp.Window(this=sql.null(), partition_by=[*partition, absent], over="OVER")
    return absent.copy(), window


def _rows(emitter: Emitter, spec: exp.WindowSpec) -> exp.WindowSpec:
    kind = str(spec.args.get("kind") or "RANGE").upper()
    if kind not in {"ROWS", "RANGE"}:
        raise emitter.refuse(spec, f"a frame of {kind}", "write ROWS or RANGE")
    if spec.args.get("exclude"):
        raise emitter.refuse(spec, "EXCLUDE in a frame", "end the frame before the row")
    made = exp.WindowSpec(kind=kind)
    for side in ("start", "end"):
        value, direction = bound(emitter, spec, side)
        if isinstance(value, int):
            made.set(side, sql.number(value))
        else:
            made.set(side, value)
        made.set(f"{side}_side", direction)
    return made


HANDLERS: Final[dict[type[exp.Expr], Callable[[Emitter, exp.Expr], exp.Expr]]] = dict.fromkeys(
    (exp.Window, exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup), _outermost
)
