"""Windows: a value depends on the rows of its frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sqlglot import exp

from featuresql.compiler.leakage.constants import constant_length, constant_number
from featuresql.compiler.leakage.facts import Facts
from featuresql.compiler.leakage.lift import Bound, Lifting, key_bounds
from featuresql.compiler.leakage.needs import NOTHING, Fault, Needs, Point
from featuresql.compiler.leakage.relation import Value
from featuresql.compiler.leakage.rule_conditions import assume
from featuresql.compiler.leakage.rule_scalars import parts
from featuresql.compiler.leakage.scope import Scope, is_instant, known_as

Reach = Literal["before", "after", "frame", "all"]

_WRAPPERS: Final = (exp.Filter, exp.IgnoreNulls, exp.RespectNulls)
_RANKS: Final = (exp.RowNumber, exp.Rank, exp.DenseRank)
_SHARES: Final = (exp.PercentRank, exp.CumeDist, exp.Ntile)
_BACK: Final = "end the frame at CURRENT ROW, or stamp the row with the end of the frame"


@dataclass(frozen=True, slots=True)
class Frame:
    """How far from the current row the rows of the frame may lie, in microseconds of its order.

    None is without bound, or a number of rows that is more than none.
    """

    before_us: int | None
    after_us: int | None


@dataclass(frozen=True, slots=True)
class Over:
    """What stands after OVER, with the named window that it refers to put in."""

    partition: Sequence[exp.Expr]
    order: Sequence[exp.Ordered]
    spec: exp.WindowSpec | None


def window(scope: Scope, node: exp.Expr) -> Value:
    """Judge a window function: it needs the rows of its frame, its keys and its order."""
    assert isinstance(node, exp.Window)  # noqa: S101 - the rule of this class
    over = _over(scope, node)
    function, condition, skips_nulls = _function(node.this)
    keys = [scope.value(key) for key in over.partition]
    order = [scope.value(item.this) for item in over.order]
    arguments = [scope.value(part) for part in parts(function)]
    ends = [scope.value(end) for end in _ends(over.spec)]
    own_needs = NOTHING.union(*(value.needs for value in [*keys, *order, *ends]))
    needs = scope.needs.union(own_needs, *(value.needs for value in arguments))
    facts = scope.facts
    if condition is not None:
        needs |= scope.value(condition).needs
        facts = facts.copy()
        assume(scope, facts, condition)
    if needs == NOTHING:
        return _result(scope, node, NOTHING)
    reach = _reach(function, over, skips_nulls=skips_nulls)
    bounds = partition_bounds(scope, keys)
    ordered, why = order_bound(facts, over, order, _frame(over, reach))
    if ordered is not None:
        bounds.append(ordered)
    is_whole = not over.order and over.spec is None and condition is None
    if is_whole and isinstance(function, exp.Min) and len(arguments) == 1:
        # A later row has a later instant, so it cannot lower the least of the partition.
        bounds += [Bound(v.point.atom, v.point.atom) for v in arguments if v.point is not None]
    restated = _greatest_over(scope, node, over)
    lifted = lift_rows(scope, facts, bounds, needs, (function, node), why, restated)
    found = arguments if condition is None and _has_current(over.spec) else ()
    return _result(scope, node, lifted | own_needs, function, found)


def lift_rows(  # noqa: PLR0913, PLR0917 - what a lift takes
    scope: Scope,
    facts: Facts,
    bounds: list[Bound],
    needs: Needs,
    nodes: tuple[exp.Expr, exp.Expr],
    why: str,
    restated: Sequence[Bound] = (),
) -> Needs:
    """Return what a row needs that depends on other rows of its relation within `bounds`."""
    function, node = nodes
    name = function.sql("duckdb")
    cause = scope.analysis.cause(f"{name} takes in other rows", node, _BACK)
    kind: Literal["leaks", "unproven"] = "unproven" if "NULL" in why else "leaks"
    fault = Fault(kind, scope.analysis.cause(f"{name} takes in later rows: {why}", node, _BACK))
    fresh = scope.analysis.fresh_atom
    lifting = Lifting(scope.own(), facts, scope.facts, bounds, cause, fresh, fault, restated)
    return lifting.needs(needs)


def _greatest_over(scope: Scope, node: exp.Window, over: Over) -> list[Bound]:
    """Return the instants of which the SELECT takes the greatest over the same window."""
    select = node.find_ancestor(exp.Select)
    found = []
    for other in select.find_all(exp.Window) if select is not None else ():
        if isinstance(other.this, exp.Max) and is_instant(other) and _over(scope, other) == over:
            point = scope.value(other.this.this).point
            found += [] if point is None else [Bound(point.atom, point.atom)]
    return found


def partition_bounds(scope: Scope, keys: Sequence[Value]) -> list[Bound]:
    """Return the instants that all rows of a partition have in common, as bounds."""
    return key_bounds(scope.facts, scope.own(), [value.point for value in keys])


def order_bound(
    facts: Facts, over: Over, order: Sequence[Value], frame: Frame
) -> tuple[Bound | None, str]:
    """Return the bound that the window's order gives, or why it gives none.

    Rows stand in the order of the first key; where that is an instant, the side of the frame on
    which later rows stand has to end.
    """
    if not order:
        return None, "it has no ORDER BY, so it sees its whole partition"
    first, point = over.order[0], order[0].point
    if point is None:
        return None, f"they stand in the order of '{first.this.sql('duckdb')}', which is no instant"
    descending = bool(first.args.get("desc"))
    nulls_first = bool(first.args.get("nulls_first"))
    limit = frame.before_us if descending else frame.after_us
    if limit is None:
        return None, "its frame reaches further than the current row"
    if nulls_first != descending and point.atom not in facts.given(()).atoms:
        where = first.this.sql("duckdb")
        return None, f"rows whose '{where}' is NULL stand among the earlier ones"
    return Bound(point.atom, point.atom, -limit), "they may be known later than they are ordered"


def _result(
    scope: Scope,
    node: exp.Expr,
    needs: Needs,
    function: exp.Expr | None = None,
    arguments: Sequence[Value] = (),
) -> Value:
    if not is_instant(node):
        return Value(needs)
    atom = scope.new_atom()
    argument = arguments[0].point if arguments else None
    if argument is not None and isinstance(function, exp.Min):
        scope.facts.at_least(argument.atom, atom, -argument.offset_us)
    if argument is not None and isinstance(function, exp.Max):
        scope.facts.at_least(atom, argument.atom, argument.offset_us)
    if argument is not None and isinstance(function, exp.Min | exp.Max):
        scope.facts.implies(argument.atom, [frozenset((atom,))])
    return Value(needs, Point(atom), known_as(Point(atom)))


def _over(scope: Scope, node: exp.Window) -> Over:
    partition = list(node.args.get("partition_by") or ())
    order = node.args.get("order")
    spec = node.args.get("spec")
    name = node.alias or node.text("first_name")
    named = scope.windows.get(name.lower()) if name else None
    if named is not None:
        rest = _over(scope, named)
        partition = partition or list(rest.partition)
        spec = spec or rest.spec
        items = list(order.expressions) if order is not None else list(rest.order)
        return Over(partition, items, spec)
    return Over(partition, list(order.expressions) if order is not None else [], spec)


def _function(node: exp.Expr) -> tuple[exp.Expr, exp.Expr | None, bool]:
    """Return the function, the condition of its FILTER, and whether it passes over NULL."""
    condition: exp.Expr | None = None
    skips_nulls = False
    while isinstance(node, _WRAPPERS):
        if isinstance(node, exp.Filter):
            condition = node.expression
            condition = condition.this if isinstance(condition, exp.Where) else condition
        skips_nulls = skips_nulls or isinstance(node, exp.IgnoreNulls)
        node = node.this
    return node, condition, skips_nulls


def _reach(  # noqa: PLR0911 - one a kind of function
    function: exp.Expr, over: Over, *, skips_nulls: bool
) -> Reach:
    """Return on which side of the current row the rows stand that the function looks at."""
    if isinstance(function, _SHARES):
        return "all"
    is_ordered = any(isinstance(part, exp.Order) for part in function.iter_expressions())
    if isinstance(function, _RANKS):
        return "all" if is_ordered else "before"
    if isinstance(function, exp.Lag | exp.Lead):
        offset = function.args.get("offset")
        number = constant_number(offset) if offset is not None else 1
        if number is None or is_ordered:
            return "all"
        return "before" if (number >= 0) == isinstance(function, exp.Lag) else "after"
    if isinstance(function, exp.FirstValue) and not skips_nulls and not is_ordered:
        return "before" if _starts_early(over.spec) else "frame"
    if isinstance(function, exp.LastValue | exp.NthValue | exp.FirstValue) and is_ordered:
        return "all"
    return "frame"


def _starts_early(spec: exp.WindowSpec | None) -> bool:
    """Whether the first row of the frame is surely not after the current row."""
    if spec is None:
        return True
    start = spec.args.get("start")
    side = str(spec.args.get("start_side") or "").upper()
    return not spec.args.get("exclude") and (side == "PRECEDING" or _word(start) == "CURRENT ROW")


def _has_current(spec: exp.WindowSpec | None) -> bool:
    """Whether the current row is in its own frame."""
    if spec is None:
        return True
    ends = (("start", "start_side", "FOLLOWING"), ("end", "end_side", "PRECEDING"))
    return not spec.args.get("exclude") and not any(
        str(spec.args.get(side) or "").upper() == away and _word(spec.args.get(end)) != "UNBOUNDED"
        for end, side, away in ends
    )


def _ends(spec: exp.WindowSpec | None) -> list[exp.Expr]:
    """Return the expressions that say where the frame begins and ends."""
    parts = (spec.args.get(name) for name in ("start", "end")) if spec is not None else ()
    return [part for part in parts if isinstance(part, exp.Expr)]


def _frame(over: Over, reach: Reach) -> Frame:
    if reach == "before":
        return Frame(None, 0)
    if reach == "after":
        return Frame(0, None)
    if reach == "all":
        return Frame(None, None)
    spec = over.spec
    if spec is None:
        return Frame(None, 0)
    kind = str(spec.args.get("kind") or "").upper()
    start = _side(kind, spec.args.get("start"), spec.args.get("start_side"), "PRECEDING")
    end_value = spec.args.get("end") or "CURRENT ROW"
    end = _side(kind, end_value, spec.args.get("end_side"), "FOLLOWING")
    return Frame(start, end)


def _side(kind: str, value: object, side: object, outward: str) -> int | None:
    """Return how far the frame reaches to its `outward` side; less than 0 is short of the row."""
    word = _word(value)
    if word == "CURRENT ROW":
        return 0
    if word == "UNBOUNDED" or not isinstance(value, exp.Expr):
        return None
    is_outward = str(side or "").upper() == outward
    if kind != "RANGE":
        return None if is_outward and constant_number(value) != 0 else 0
    length = constant_length(value)
    if length is None or length.least_us < 0:
        return None
    return length.most_us if is_outward else -length.least_us


def _word(value: object) -> str:
    return value.upper() if isinstance(value, str) else ""
