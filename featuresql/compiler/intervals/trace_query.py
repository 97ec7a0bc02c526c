"""A query -> what is known of the instants of its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from featuresql.compiler.intervals.conditions import links
from featuresql.compiler.intervals.frames import (
    Others,
    anchors,
    partition_anchors,
    widen,
    windows,
)
from featuresql.compiler.intervals.level import (
    Level,
    Node,
    Rows,
    Terms,
    enter,
    project,
    times_of,
)
from featuresql.compiler.intervals.terms import terms
from featuresql.compiler.intervals.times import (
    WHOLE_PAST_US,
    Reading,
    Span,
    Times,
)
from featuresql.compiler.leakage.grouping import is_aggregate, is_aggregated
from featuresql.spec.model import FeatureView

Ctes = Mapping[str, Times]


@dataclass(frozen=True, slots=True)
class Tracing:
    """What a query is traced with.

    `known` gives what is known of a relation by (schema, name), `cause` says what stands at a place
    of the template. `views` are joins of views by their aliases, which see the newest row at
    `event_time`, a column of the outermost SELECT.
    """

    known: Callable[[str, str], Times]
    cause: Callable[[str, exp.Expr], str]
    views: Mapping[str, FeatureView]
    event_time: str


def trace_query(tracing: Tracing, node: exp.Expr, ctes: Ctes) -> Times:
    """Return what is known of the instants of a query's rows, or of a relation's in FROM."""
    ctes = _with_ctes(tracing, node, ctes)
    if isinstance(node, exp.Table):
        return _table(tracing, node, ctes)
    if isinstance(node, exp.Subquery):
        times = trace_query(tracing, node.this, ctes)
        return _limited(tracing, node, times)
    if isinstance(node, exp.SetOperation):
        return _limited(tracing, node, _set_operation(tracing, node, ctes))
    if isinstance(node, exp.Select):
        return _limited(tracing, node, _select(tracing, node, ctes))
    return Times(reads=_anywhere(tracing, node, ctes))


def _with_ctes(tracing: Tracing, node: exp.Expr, ctes: Ctes) -> Ctes:
    clause = node.args.get("with_")
    found = dict(ctes)
    if clause is None:
        return found
    for cte in clause.expressions:
        times = trace_query(tracing, cte.this, found)
        if clause.args.get("recursive"):
            times = Times(reads=_lost(times.reads, tracing.cause("a recursion", cte)))
        found[cte.alias.lower()] = times
    return found


def _table(tracing: Tracing, node: exp.Table, ctes: Ctes) -> Times:
    if not node.db:
        return ctes.get(node.name.lower(), Times())
    times = tracing.known(node.db, node.name)
    if not node.args.get("sample") and not node.args.get("pivots"):
        return times
    return Times(reads=_lost(times.reads, tracing.cause("a sample, or a PIVOT", node)))


def _select(tracing: Tracing, node: exp.Select, ctes: Ctes) -> Times:
    level = Level()
    for item in node.args.get("windows") or ():
        level.windows[item.name.lower()] = item
    level = _from(tracing, node, level, ctes)
    where = node.args.get("where")
    for link in links(level, where.this if where is not None else None):
        level.link(*link)
    level.close()
    level.spread()
    level.reads += [_rows_anywhere(r) for r in _in_expressions(tracing, node, ctes)]
    if is_aggregated(node):
        level = _grouped(tracing, node, level)
    looks = []
    for window in windows(node):
        what = f"{window.this.sql('duckdb')} looks back at rows without a bound"
        looks.append(Others(anchors(level, window), tracing.cause(what, window)))
    widen(level, looks)
    distinct = node.args.get("distinct")
    on = distinct.args.get("on") if distinct is not None else None
    if on is not None:
        keys = on.expressions if isinstance(on, exp.Tuple) else [on]
        cause = tracing.cause("DISTINCT ON looks at all rows of its keys", node)
        widen(level, [Others(partition_anchors(level, keys), cause)])
    outputs: dict[Node, Terms] = {}
    for item in node.expressions:
        found = terms(level, item)
        if found:
            outputs["", item.alias_or_name] = found
    return times_of(project(level, outputs))


def _from(tracing: Tracing, node: exp.Select, level: Level, ctes: Ctes) -> Level:
    clause = node.args.get("from_")
    if clause is None:
        return level
    source = clause.this
    times = trace_query(tracing, source, ctes)
    level = enter(level, source.alias_or_name, times)
    level.close()
    joins = [*(source.args.get("joins") or ()), *(node.args.get("joins") or ())]
    for join in joins:
        _join(tracing, node, level, join, ctes)
    for lateral in node.args.get("laterals") or ():
        level.reads += [_rows_anywhere(r) for r in _anywhere(tracing, lateral, ctes)]
    return level


def _join(tracing: Tracing, select: exp.Select, level: Level, join: exp.Join, ctes: Ctes) -> None:
    """Bring the rows of a join into `level`.

    Rows of a side that may be missing still count: those that would match if they were there.
    """
    alias = join.alias_or_name
    times = trace_query(tracing, join.this, ctes)
    view = tracing.views.get(alias) if select.parent is None else None
    if (join.method and view is None) or join.args.get("using"):
        what = f"the {join.method} JOIN of '{alias}' looks at rows without a bound"
        times = replace(times, reads=_lost(times.reads, tracing.cause(what, join)), rows=None)
    right = enter(level, alias, times)
    weak, optional = level.weak | right.weak, set(level.optional)
    for one, spans in right.links.items():
        for other, span in spans.items():
            level.link(one, other, span)
    side, kind = join.side.upper(), join.kind.upper()
    if side in {"LEFT", "FULL"} or kind in {"SEMI", "ANTI"}:
        level.optional.add(alias)
    if side in {"RIGHT", "FULL"}:
        level.optional |= {name for name, _ in level.links} - {alias}
    level.weak = weak
    _link_sides(tracing, (select, join), level, view)
    level.close()

    def is_there(node: Node) -> bool:
        return node not in weak and node[0] not in optional

    for rows in [*level.all_rows(), *right.all_rows()]:
        level.spread_rows(rows, is_there)
    _add_rows(level, right, side, kind)


def _link_sides(
    tracing: Tracing, nodes: tuple[exp.Select, exp.Join], level: Level, view: FeatureView | None
) -> None:
    """Link instants of both sides by ON, or by the view's age."""
    select, join = nodes
    alias, side = join.alias_or_name, join.side.upper()
    for one, other, span in links(level, join.args.get("on")):
        of_right = (one[0] == alias) + (other[0] == alias)
        # What ON says of rows that stay without a match is not so.
        says = {"LEFT": {1, 2}, "RIGHT": {0, 1}, "FULL": {1}}.get(side, {0, 1, 2})
        if of_right in (says - {0} if join.kind.upper() == "ANTI" else says):
            level.link(one, other, span)
    instant = _event_time(tracing, select, level) if view is not None else ()
    if view is not None and len(instant) == 1:
        back = WHOLE_PAST_US if view.ttl_us is None else view.ttl_us
        level.link((alias, view.event_time), instant[0].node, Span(back, 0).then(instant[0].span))


def _add_rows(level: Level, right: Level, side: str, kind: str) -> None:
    """Let both sides' rows take part; note which of them a row cannot do without."""
    level.reads += right.reads
    if kind in {"SEMI", "ANTI"} or side == "LEFT":
        return
    if side == "RIGHT":
        level.rows = right.rows
    elif side == "FULL":
        both = level.rows is not None and right.rows is not None
        level.rows = [*(level.rows or ()), *(right.rows or ())] if both else None
    elif level.rows is None:
        level.rows = right.rows


def _event_time(tracing: Tracing, select: exp.Select, level: Level) -> Terms:
    for item in select.expressions:
        if item.alias_or_name == tracing.event_time:
            return terms(level, item)
    return ()


def _grouped(tracing: Tracing, node: exp.Select, level: Level) -> Level:
    """Return the level of one row a group; its nodes are keys, and extremes of instants."""
    clause = node.args.get("group")
    keys: Sequence[exp.Expr] = clause.expressions if clause is not None else ()
    if clause is not None and clause.args.get("all"):
        keys = [i.unalias() for i in node.expressions if not any(map(is_aggregate, i.walk()))]
    several = clause is not None and any(
        clause.args.get(name) for name in ("grouping_sets", "cube", "rollup")
    )
    outputs: dict[Node, Terms] = {}
    named: dict[str, Node] = {}
    for index, key in enumerate(() if several else keys):
        found = terms(level, key)
        named[key.sql("duckdb")] = ("#", f"key {index}")
        if found:
            outputs["#", f"key {index}"] = found
    made = project(level, outputs)
    what = "the aggregates look at all rows of a group that no instant bounds"
    cause = tracing.cause(what, node)
    for rows in made.all_rows():
        rows.cause = rows.cause or ("" if rows.spans else cause)
    _add_extremes(node, level, made, outputs, named)
    made.named = named
    if clause is None or several:
        made.rows = None
    made.close()
    made.spread()
    return made


def _add_extremes(
    node: exp.Select,
    level: Level,
    made: Level,
    keys: Mapping[Node, Terms],
    named: dict[str, Node],
) -> None:
    """Make nodes of the least and the greatest instants of a group, beside its keys."""
    for item in node.expressions:
        for call in item.find_all(exp.Max, exp.Min, exp.AnyValue):
            found = terms(level, call.this)
            if not found or call.find_ancestor(exp.Window):
                continue
            extreme = ("#", call.sql("duckdb"))
            named[call.sql("duckdb")] = extreme
            made.weak.add(extreme)
            for key, key_terms in keys.items():
                span = level.between(found, key_terms)
                if span is not None and not level.is_weak(key_terms):
                    made.link(extreme, key, span)


def _set_operation(tracing: Tracing, node: exp.SetOperation, ctes: Ctes) -> Times:
    left = trace_query(tracing, node.this, ctes)
    right = trace_query(tracing, node.expression, ctes)
    names = [item.alias_or_name for item in _first(node).selects]
    right = _renamed(right, [i.alias_or_name for i in _first(node.expression).selects], names)
    links_ = {
        a: {
            b: span.hull(right.links[a][b])
            for b, span in spans.items()
            if b in right.links.get(a, {})
        }
        for a, spans in left.links.items()
    }
    rows = left.rows
    if isinstance(node, exp.Union):
        both = left.rows is not None and right.rows is not None
        rows = (*(left.rows or ()), *(right.rows or ())) if both else None
    if node.args.get("by_name"):
        cause = tracing.cause("a union BY NAME is not followed", node)
        return Times(reads=_lost((*left.reads, *right.reads), cause))
    return Times(links_, left.weak | right.weak, (*left.reads, *right.reads), rows)


def _first(node: exp.Expr) -> exp.Query:
    while isinstance(node, exp.Subquery | exp.SetOperation):
        node = node.this
    assert isinstance(node, exp.Query)  # noqa: S101 - a set operation is of queries
    return node


def _renamed(times: Times, old: Sequence[str], new: Sequence[str]) -> Times:
    to = dict(zip(old, new, strict=False))

    def moved(readings: Sequence[Reading]) -> tuple[Reading, ...]:
        return tuple(
            replace(
                r,
                spans={
                    own: {to[n]: s for n, s in known.items() if n in to}
                    for own, known in r.spans.items()
                },
            )
            for r in readings
        )

    return Times(
        {
            to[a]: {to[b]: s for b, s in spans.items() if b in to}
            for a, spans in times.links.items()
            if a in to
        },
        frozenset(to[name] for name in times.weak if name in to),
        moved(times.reads),
        None if times.rows is None else moved(times.rows),
    )


def _limited(tracing: Tracing, node: exp.Expr, times: Times) -> Times:
    clauses = [name for name in ("limit", "offset", "sample") if node.args.get(name)]
    if not clauses:
        return times
    what = f"{clauses[0].upper()} chooses among all rows"
    return replace(times, reads=_lost(times.reads, tracing.cause(what, node)))


def _lost(readings: Sequence[Reading], cause: str) -> tuple[Reading, ...]:
    return tuple(Reading(r.relation, {}, r.cause or cause) for r in readings)


def _rows_anywhere(reading: Reading) -> Rows:
    return Rows(reading.relation, {}, reading.cause)


def _in_expressions(tracing: Tracing, node: exp.Select, ctes: Ctes) -> list[Reading]:
    """Return the rows that queries within expressions read."""
    found: list[Reading] = []
    parts = [
        *node.expressions,
        *(node.args.get(k) for k in ("where", "having", "qualify", "group")),
    ]
    parts += [join.args.get("on") for join in node.args.get("joins") or ()]
    for part in parts:
        for inner in (
            part.walk(prune=lambda n: isinstance(n, exp.Query)) if part is not None else ()
        ):
            if isinstance(inner, exp.Query):
                found += _anywhere(tracing, inner, ctes)
    return found


def _anywhere(tracing: Tracing, node: exp.Expr, ctes: Ctes) -> tuple[Reading, ...]:
    """Return all relations with a time that stand in `node`, without a bound."""
    cause = tracing.cause("a query within an expression, or beside it, has no bound", node)
    found: list[Reading] = []
    for table in node.find_all(exp.Table):
        found += _lost(_table(tracing, table, ctes).reads, cause)
    return tuple(found)
