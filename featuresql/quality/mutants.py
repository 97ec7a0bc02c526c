"""Small changes of a model that its tests should notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from sqlglot import exp

from featuresql.spec.model import ModelConfig

Change = Callable[[exp.Expr], Iterator[exp.Expr]]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A model's tree with one change. `node` is what was changed, of the tree as it was."""

    kind: str
    before: str
    after: str
    node: exp.Expr | None
    tree: exp.Query
    config: ModelConfig


def mutants(tree: exp.Query, config: ModelConfig) -> Iterator[Mutant]:
    """Give every mutant of a parsed model, in the order of its text; then those of its `config()`.

    Trees are new; nothing is random.
    """
    for index, node in enumerate(list(tree.walk())):
        for kind, changes in CHANGES.items():
            for changed in changes(node):
                copy = tree.copy()
                twin = list(copy.walk())[index]
                if twin is copy:
                    continue
                twin.replace(changed)
                before, after = node.sql("duckdb"), changed.sql("duckdb")
                yield Mutant(kind, before, after, node, copy, config)
    yield from _config_mutants(tree, config)


def _config_mutants(tree: exp.Query, config: ModelConfig) -> Iterator[Mutant]:
    if config.ttl_us is not None:
        for text, ttl_us in (("half as long", config.ttl_us // 2), ("for ever", None)):
            changed = replace(config, ttl_us=ttl_us)
            yield Mutant("as-of option", "ttl", f"rows live {text}", None, tree, changed)


def _swap(pairs: Mapping[type[exp.Expr], type[exp.Expr]]) -> Change:
    def change(node: exp.Expr) -> Iterator[exp.Expr]:
        other = pairs.get(type(node))
        if other is not None:
            yield other(**{name: _copied(value) for name, value in node.args.items()})

    return change


def _copied(value: object) -> object:
    if isinstance(value, exp.Expr):
        return value.copy()
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _constants(node: exp.Expr) -> Iterator[exp.Expr]:
    if not isinstance(node, exp.Literal) or isinstance(node.parent, exp.Interval):
        return
    if not node.is_string:
        yield exp.Literal.number(f"{node.name} + 1" if "." in node.name else int(node.name) + 1)
    elif not isinstance(node.parent, exp.Cast) and node.name:
        yield exp.Literal.string(f"{node.name}x")


def _intervals(node: exp.Expr) -> Iterator[exp.Expr]:
    amount = node.this if isinstance(node, exp.Interval) else None
    if isinstance(amount, exp.Literal) and amount.name.isdigit():
        number = int(amount.name)
        for other in {number + 1, max(number - 1, 0)} - {number}:
            changed = node.copy()
            changed.set("this", exp.Literal.string(str(other)))
            yield changed


def _aggregates(node: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(node, exp.Sum | exp.Avg | exp.Min):
        yield exp.Max(this=node.this.copy())
    if isinstance(node, exp.Max):
        yield exp.Min(this=node.this.copy())
    if isinstance(node, exp.Count) and not isinstance(node.this, exp.Star):
        yield exp.Count(this=exp.Star(), big_int=True)


def _joins(node: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(node, exp.Join) and not node.method and node.side in {"LEFT", ""}:
        if node.kind in {"CROSS", "SEMI", "ANTI"} or node.args.get("on") is None:
            return
        changed = node.copy()
        changed.set("side", "" if node.side else "LEFT")
        yield changed


def _frames(node: exp.Expr) -> Iterator[exp.Expr]:
    if not isinstance(node, exp.WindowSpec):
        return
    changed = node.copy()
    changed.set("start", "UNBOUNDED")
    changed.set("start_side", "PRECEDING")
    if changed != node:
        yield changed


def _orders(node: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(node, exp.Ordered) and node.find_ancestor(exp.Window) is not None:
        changed = node.copy()
        changed.set("desc", not node.args.get("desc"))
        yield changed


def _removals(node: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(node, exp.Not):
        yield node.this.copy()
    if isinstance(node, exp.And):
        yield from (node.this.copy(), node.expression.copy())
    if isinstance(node, exp.Coalesce):
        yield node.this.copy()
    if isinstance(node, exp.Filter):
        yield node.this.copy()
    if isinstance(node, exp.Where):
        yield exp.Where(this=exp.true())
    if isinstance(node, exp.Distinct) and isinstance(node.parent, exp.Count):
        yield node.expressions[0].copy()


CHANGES: Final[Mapping[str, Change]] = {
    "comparison": _swap(
        {
            exp.LT: exp.LTE,
            exp.LTE: exp.LT,
            exp.GT: exp.GTE,
            exp.GTE: exp.GT,
            exp.EQ: exp.NEQ,
            exp.NEQ: exp.EQ,
        }
    ),
    "logic": _swap({exp.And: exp.Or, exp.Or: exp.And}),
    "arithmetic": _swap({exp.Add: exp.Sub, exp.Sub: exp.Add, exp.Mul: exp.Div, exp.Div: exp.Mul}),
    "constant": _constants,
    "interval": _intervals,
    "aggregate": _aggregates,
    "join": _joins,
    "frame": _frames,
    "order": _orders,
    "removal": _removals,
}
