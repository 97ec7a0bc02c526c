"""The lineage of one model: one hop, to the columns of the models and sources that it reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from sqlglot import exp

from featuresql.compiler.collect_columns import output
from featuresql.compiler.draft import CompiledModel
from featuresql.compiler.lineage.column_lineage import (
    SOURCE_PREFIX,
    ColumnLineage,
    ColumnRef,
    DirectInput,
    IndirectInput,
    ModelLineage,
    Step,
)
from featuresql.compiler.lineage.edges import (
    AS_IS,
    CONDITIONAL,
    DIRECT,
    FILTER,
    JOIN,
    KINDS,
    SORT,
    TRANSFORMATION,
    Planes,
    Use,
    positions,
    through,
)
from featuresql.compiler.lineage.scope import Relation
from featuresql.compiler.lineage.walk_query import QueryWalk
from featuresql.spec.model import Column

_JOINS: Final = Use(None, frozenset({JOIN}))


def model_lineage(
    model: CompiledModel,
    models: Mapping[str, CompiledModel],
    sources: Mapping[str, tuple[Column, ...]],
    decided: Collection[str] = (),
) -> ModelLineage:
    """Return the lineage of `model`, whose parents are in `models` and `sources`.

    `decided` are the parents whose rows are decided by some column: a column of `model` that reads
    none of their columns, as `count(*)` may, names one of them for all. One walk of the tree,
    however many columns it has.
    """
    leaves = _Leaves(model, models, sources, decided)
    views = _joined_views(model, models)
    walk = QueryWalk(leaves.planes, leaves.relation, views)
    relation = walk.walk_query(model.checked)
    return leaves.lineage(model.name, _kept(model, leaves.planes, relation))


class _Leaves:
    """The input columns of a model, numbered."""

    def __init__(
        self,
        model: CompiledModel,
        models: Mapping[str, CompiledModel],
        sources: Mapping[str, tuple[Column, ...]],
        decided: Collection[str],
    ) -> None:
        self._refs: list[ColumnRef] = []
        self._relations: dict[tuple[str, str], Relation] = {}
        self._existence: dict[int, ColumnRef] = {}
        self._of_node: dict[str, int] = {}
        for name in model.refs:
            parent = models[name]
            self._add(("ref", name), name, parent.columns)
            if name in decided:
                representative = parent.config.event_time or parent.columns[0].name
                bit = 1 << len(self._refs)
                self._existence[len(self._refs)] = ColumnRef(name, representative)
                self._refs.append(ColumnRef(name, representative))
                self._relations["ref", name].rows = bit
        for name in model.sources:
            self._add(("source", name), SOURCE_PREFIX + name, sources[name])
        self.planes = Planes(len(self._refs))
        for relation in self._relations.values():
            relation.rows = self.planes.decide(relation.rows, FILTER)
        self._direct_inputs: dict[int, DirectInput] = {}
        self._indirect_inputs: dict[int, IndirectInput] = {}
        self._decoded: dict[int, tuple[tuple[DirectInput, ...], tuple[IndirectInput, ...]]] = {}

    def _add(self, place: tuple[str, str], node: str, columns: tuple[Column, ...]) -> None:
        outputs = {}
        first = len(self._refs)
        for column in columns:
            ref = ColumnRef(node, column.name)
            outputs[column.name.lower()] = Step(
                column.name, 1 << len(self._refs), relation=node, ref=ref
            )
            self._refs.append(ref)
        self._relations[place] = Relation(outputs)
        self._of_node[node] = ((1 << len(columns)) - 1) << first

    def relation(self, schema: str, name: str) -> Relation:
        """Return the columns of `ref.NAME` or `source.NAME`."""
        return self._relations[schema, name]

    def lineage(self, model: str, relation: Relation) -> ModelLineage:
        """Return what the walk has found, in terms of the input columns."""
        columns = {}
        for step in relation.columns.values():
            step.relation = model
            direct, indirect = self._decode(step.edges | relation.rows)
            ref = ColumnRef(model, step.name)
            columns[step.name] = ColumnLineage(ref, direct, indirect, step)
        return ModelLineage(model, columns, self._decode(relation.rows)[1])

    def _decode(self, edges: int) -> tuple[tuple[DirectInput, ...], tuple[IndirectInput, ...]]:
        known = self._decoded.get(edges)
        if known is not None:
            return known
        first = len(DIRECT) * self.planes.width
        skipped = self._told_otherwise(edges)
        direct: list[DirectInput] = []
        indirect: list[IndirectInput] = []
        for position in positions(edges):
            if position < first:
                direct.append(self._direct(position))
            elif position not in skipped:
                indirect.append(self._indirect(position))
        result = (tuple(direct), tuple(indirect))
        self._decoded[edges] = result
        return result

    def _told_otherwise(self, edges: int) -> set[int]:
        """Return the edges from the existence of a parent's rows that another edge implies."""
        if not self._existence:
            return set()
        seen = self.planes.columns(edges)
        return {
            way * self.planes.width + leaf
            for leaf, ref in self._existence.items()
            if seen & self._of_node[ref.node]
            for way in range(len(DIRECT), len(DIRECT) + len(KINDS))
        }

    def _direct(self, position: int) -> DirectInput:
        if position not in self._direct_inputs:
            way, leaf = divmod(position, self.planes.width)
            self._direct_inputs[position] = DirectInput(self._refs[leaf], *DIRECT[way])
        return self._direct_inputs[position]

    def _indirect(self, position: int) -> IndirectInput:
        if position not in self._indirect_inputs:
            way, leaf = divmod(position, self.planes.width)
            kind = KINDS[way - len(DIRECT)]
            self._indirect_inputs[position] = IndirectInput(self._refs[leaf], kind)
        return self._indirect_inputs[position]


def _joined_views(
    model: CompiledModel, models: Mapping[str, CompiledModel]
) -> dict[str, Callable[[QueryWalk], int]]:
    """Return what decides which row of each joined view is taken, by the join's alias."""
    found: dict[str, Callable[[QueryWalk], int]] = {}
    for join in model.checked.args.get("joins") or ():
        table = join.this
        view = models[table.name] if isinstance(table, exp.Table) and table.db == "ref" else None
        if view is not None and view.view is not None:
            found[join.alias_or_name] = partial(_chosen, model, view, join.alias_or_name)
    return found


def _chosen(model: CompiledModel, view: CompiledModel, alias: str, walk: QueryWalk) -> int:
    """Return the edges that decide which row of `view` is the newest visible one.

    Both instants, the asker's instant, and, where two rows may tie in both, all other columns.
    """
    columns = walk.scope.relations[alias.lower()].columns
    instants = {view.config.event_time, view.config.available_at}
    keys = {key.name for key in view.view.keys} if view.view is not None else set()
    can_tie = not _is_unique(view, {*keys, *instants})
    edges = walk.edges_of(output(model.checked, model.config.event_time or ""), _JOINS)
    for name, step in columns.items():
        if name in instants:
            edges |= walk.planes.decide(step.edges, JOIN)
        elif name not in keys and can_tie:
            edges |= walk.planes.decide(step.edges, SORT)
    return edges


def _is_unique(view: CompiledModel, columns: set[str | None]) -> bool:
    """Whether the view surely has no two rows that are equal in `columns`: it groups by them."""
    tree = view.checked
    group = tree.args.get("group") if isinstance(tree, exp.Select) else None
    if group is None or set(_given(group)) != {"expressions"} or _unnests(tree):
        return False
    items = [item.unalias() for item in tree.selects if item.alias_or_name in columns]
    return all(part in items for part in group.expressions)


def _given(node: exp.Expr) -> list[str]:
    return [key for key, value in node.args.items() if value]


def _unnests(tree: exp.Query) -> bool:
    return any(item.find(exp.Explode, exp.Unnest) is not None for item in tree.selects)


def _kept(model: CompiledModel, planes: Planes, relation: Relation) -> Relation:
    """Return the model's columns as they are kept.

    A view's availability is never before its event time, and intervals cut incremental models.
    """
    columns, rows = dict(relation.columns), relation.rows
    event = columns.get(model.config.event_time or "")
    if event is None:
        return relation
    if model.view is not None and model.view.available_at is not None:
        known = columns[model.view.available_at]
        flows = planes.carry(known.edges | event.edges, through(AS_IS, TRANSFORMATION))
        edges = flows | planes.decide(event.edges, CONDITIONAL)
        columns[known.name] = replace(known, edges=edges)
    if model.config.materialized == "incremental":
        rows |= planes.decide(event.edges, FILTER)
    return Relation(columns, rows)
