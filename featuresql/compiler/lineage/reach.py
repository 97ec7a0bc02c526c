"""Lineage over more than one hop, and the other way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from featuresql.compiler.lineage.column_lineage import (
    SOURCE_PREFIX,
    ColumnLineage,
    ColumnRef,
    DirectInput,
    IndirectInput,
    ProjectLineage,
)
from featuresql.compiler.lineage.edges import AS_IS, DIRECT, KINDS, Planes, Use, through

_WAYS = {way: number for number, way in enumerate(DIRECT)}
_KINDS = {kind: len(DIRECT) + number for number, kind in enumerate(KINDS)}


def upstream(
    lineage: ProjectLineage, columns: Iterable[ColumnRef], *, transitive: bool = False
) -> tuple[ColumnLineage, ...]:
    """Return the inputs of `columns`: one hop up, or all the way to the sources' columns."""
    if not transitive:
        return tuple(_one_hop(lineage, ref) for ref in columns)
    names = (SOURCE_PREFIX + name for name in lineage.sources)
    leaves = [ref for name in names for ref in lineage.columns(name)]
    planes, reached = _reach(lineage, leaves)
    result = []
    for ref in columns:
        edges = reached.get(ref, 0) if ref.node in lineage.models else 0
        result.append(_decoded(ref, [(leaves[bit], way) for way, bit in planes.decode(edges)]))
    return tuple(result)


def downstream(
    lineage: ProjectLineage, columns: Sequence[ColumnRef], *, transitive: bool = False
) -> tuple[ColumnLineage, ...]:
    """Return, for each of `columns`, the columns that it is an input of, in the same shape.

    One hop down, or however far.
    """
    if transitive:
        planes, reached = _reach(lineage, columns)
    else:
        planes, reached = _readers(lineage, columns)
    found: list[list[tuple[ColumnRef, int]]] = [[] for _ in columns]
    for ref, edges in reached.items():
        for way, bit in planes.decode(edges):
            if ref != columns[bit]:
                found[bit].append((ref, way))
    return tuple(_decoded(ref, pairs) for ref, pairs in zip(columns, found, strict=True))


def _one_hop(lineage: ProjectLineage, ref: ColumnRef) -> ColumnLineage:
    model = lineage.models.get(ref.node)
    return ColumnLineage(ref) if model is None else model.columns[ref.column]


def _decoded(ref: ColumnRef, pairs: Iterable[tuple[ColumnRef, int]]) -> ColumnLineage:
    ordered = sorted(pairs, key=lambda pair: pair[1])
    direct = [DirectInput(other, *DIRECT[way]) for other, way in ordered if way < len(DIRECT)]
    indirect = [
        IndirectInput(other, KINDS[way - len(DIRECT)])
        for other, way in ordered
        if way >= len(DIRECT)
    ]
    return ColumnLineage(ref, tuple(direct), tuple(indirect))


def _readers(
    lineage: ProjectLineage, leaves: Sequence[ColumnRef]
) -> tuple[Planes, dict[ColumnRef, int]]:
    """Return the edges from `leaves` to the columns that read them."""
    planes = Planes(len(leaves))
    bits = {ref: 1 << number for number, ref in enumerate(leaves)}
    reached = {}
    for model in lineage.models.values():
        for column in model.columns.values():
            edges = _edges(planes, column, bits)
            if edges:
                reached[column.ref] = edges
    return planes, reached


def _reach(
    lineage: ProjectLineage, leaves: Sequence[ColumnRef]
) -> tuple[Planes, dict[ColumnRef, int]]:
    """Return the edges from `leaves` to every column that they reach, parents first."""
    planes = Planes(len(leaves))
    reached = {ref: 1 << number for number, ref in enumerate(leaves)}
    for model in lineage.models.values():
        for column in model.columns.values():
            edges = _edges(planes, column, reached)
            if edges:
                reached[column.ref] = reached.get(column.ref, 0) | edges
    return planes, reached


def _edges(planes: Planes, column: ColumnLineage, known: Mapping[ColumnRef, int]) -> int:
    edges = 0
    for direct in column.direct:
        way = _WAYS[direct.transformation, direct.is_masked]
        edges |= planes.carry(known.get(direct.ref, 0), through(AS_IS, way))
    # What decides in one way is folded at once for all columns that do: a wide model has many.
    deciding: dict[int, int] = {}
    for indirect in column.indirect:
        kind = _KINDS[indirect.kind]
        deciding[kind] = deciding.get(kind, 0) | known.get(indirect.ref, 0)
    for kind, together in deciding.items():
        edges |= planes.carry(together, Use(None, frozenset({kind})))
    return edges
