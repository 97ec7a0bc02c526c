"""A query: its clauses in the order in which they take effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlglot import exp

from featuresql.compiler.leakage.facts import Facts
from featuresql.compiler.leakage.grouping import group, is_aggregated
from featuresql.compiler.leakage.needs import NOTHING, Needs, Point
from featuresql.compiler.leakage.relation import Relation, Value
from featuresql.compiler.leakage.rule_conditions import assume
from featuresql.compiler.leakage.rule_joins import join
from featuresql.compiler.leakage.rule_limits import distinct_on, limit, sample
from featuresql.compiler.leakage.rule_set_operations import set_operation, without_doubles
from featuresql.compiler.leakage.rule_tables import read_relation
from featuresql.compiler.leakage.rule_views import is_view_join, join_view, request_rows
from featuresql.compiler.leakage.scope import Analysis, Cte, Scope, is_instant


def query(
    analysis: Analysis, node: exp.Expr, outer: Scope | None, ctes: Mapping[str, Cte]
) -> Relation:
    """Return what the query's rows are and need. `outer` is the row that it stands in."""
    scope = Scope(analysis, outer, ctes, analysis.fresh_row())
    scope.ctes = _with_ctes(scope, node)
    if isinstance(node, exp.Subquery):
        return _wrapped(scope, node)
    if isinstance(node, exp.SetOperation):
        return set_operation(scope, node)
    if not isinstance(node, exp.Select):
        return read_relation(scope, node)
    if outer is not None:
        scope.facts = outer.facts.copy()
    return _select(scope, node)


def _wrapped(scope: Scope, node: exp.Subquery) -> Relation:
    """Judge a query in parentheses, which may have a LIMIT of its own."""
    found = scope.analysis.query(node.this, scope.outer, scope.ctes)
    scope.facts, scope.needs, scope.rows = found.facts, found.needs, set(found.rows)
    scope.aliases = dict(found.columns)
    limit(scope, node)
    return replace(found, needs=scope.needs, facts=scope.facts, rows=scope.own())


def _with_ctes(scope: Scope, node: exp.Expr) -> Mapping[str, Cte]:
    clause = node.args.get("with_")
    if clause is None:
        return scope.ctes
    ctes = dict(scope.ctes)
    for cte in clause.expressions:
        name = cte.alias.lower()
        if clause.args.get("recursive") and _reads(cte.this, name):
            relation = _recursive(scope, cte, ctes)
        else:
            relation = scope.analysis.query(cte.this, scope.outer, ctes)
        names = [i.name.lower() for i in cte.args["alias"].args.get("columns") or ()]
        if names:
            old = list(relation.columns.items())
            columns = {names[i] if i < len(names) else n: v for i, (n, v) in enumerate(old)}
            relation = replace(relation, columns=columns)
        ctes[name] = Cte(relation)
    return ctes


def _reads(node: exp.Expr, name: str) -> bool:
    return any(not t.db and t.name.lower() == name for t in node.find_all(exp.Table))


def _recursive(scope: Scope, cte: exp.CTE, ctes: dict[str, Cte]) -> Relation:
    """Judge a recursion, which is followed only over rows that depend on nothing."""
    body = cte.this
    first = scope.analysis.query(body.this, scope.outer, ctes)
    names = [i.name.lower() for i in cte.args["alias"].args.get("columns") or ()]
    names = names or list(first.columns)
    empty = Relation({name: Value() for name in names})
    inside = {**ctes, cte.alias.lower(): Cte(empty)}
    rest = scope.analysis.query(body.expression, scope.outer, inside)
    needs = first.all_needs() | rest.all_needs()
    if needs:
        text = f"the recursion '{cte.alias}' over rows that have a time is not followed"
        needs |= {scope.analysis.fault("unproven", text, cte)}
    return Relation({name: Value(needs) for name in names}, needs)


def _select(scope: Scope, node: exp.Select) -> Relation:
    _read_from(scope, node)
    for item in node.args.get("windows") or ():
        scope.windows[item.name.lower()] = item
    where = node.args.get("where")
    if where is not None:
        _filter(scope, where.this)
    if is_aggregated(node):
        group(scope, node)
    having = node.args.get("having")
    if having is not None:
        _filter(scope, having.this)
    columns = _columns(scope, node)
    scope.aliases = dict(columns)
    qualify = node.args.get("qualify")
    if qualify is not None:
        _filter(scope, qualify.this)
    distinct = node.args.get("distinct")
    sample(scope, node)
    if distinct is not None and distinct.args.get("on") is not None:
        on = distinct.args["on"]
        keys = list(on.expressions) if isinstance(on, exp.Tuple) else [on]
        distinct_on(scope, node, keys)
    elif distinct is not None:
        whole = Relation(columns, scope.needs, scope.facts, scope.own())
        found = without_doubles(scope, whole, node)
        columns, scope.needs = found.columns, found.needs
        scope.aliases, scope.tables = dict(columns), {}
    limit(scope, node)
    return Relation(columns, scope.needs, scope.facts, scope.own())


def _read_from(scope: Scope, node: exp.Select) -> None:
    from_ = node.args.get("from_")
    if from_ is None:
        return
    source = from_.this
    is_top = node.parent is None
    if is_top and scope.analysis.trusts_spine:
        relation = request_rows(scope, source)
    else:
        relation = read_relation(scope, source)
    scope.tables[source.alias_or_name.lower()] = relation.columns
    scope.needs, scope.rows = relation.needs, set(relation.rows)
    scope.facts.add(relation.facts)
    sample(scope, source)
    joins = [*(source.args.get("joins") or ()), *(node.args.get("joins") or ())]
    for item in joins:
        if is_top and is_view_join(scope, item):
            join_view(scope, node, item)
            continue
        right = read_relation(scope, item.this)
        join(scope, item, right)
        sample(scope, item.this)
        if item.this.args.get("joins"):
            text = "joins within parentheses are not followed"
            scope.needs |= {scope.analysis.fault("unproven", text, item)}
    for lateral in node.args.get("laterals") or ():
        right = read_relation(scope, lateral)
        join(scope, exp.Join(this=lateral.copy()), right)


def _filter(scope: Scope, condition: exp.Expr) -> None:
    scope.needs |= scope.value(condition).needs
    facts = Facts()
    assume(scope, facts, condition)
    scope.facts.add(facts)


def _columns(scope: Scope, node: exp.Select) -> dict[str, Value]:
    columns: dict[str, Value] = {}
    many: Needs = NOTHING
    for item in node.expressions:
        value = scope.value(item)
        if value.point is None and is_instant(item):
            atom = scope.new_atom()
            scope.facts.implies(atom, value.known)
            clause = frozenset((frozenset((atom,)),))
            value = Value(value.needs, Point(atom), clause)
        if item.find(exp.Explode, exp.Unnest) is not None:
            many |= value.needs
        columns[item.alias_or_name.lower()] = value
    scope.needs |= many
    return columns
