"""Lineage as a graph of columns, for everything that draws one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from featuresql.compiler.lineage import ColumnLineage, ColumnRef, ProjectLineage

CONSUMER_PREFIX = "consumer."


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """An edge from a column to one that it is an input of.

    `labels` are the transformations where values flow, the kinds where it only decides.
    """

    start: ColumnRef
    end: ColumnRef
    is_direct: bool
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LineageGraph:
    """Nodes with those of their columns that are shown, and the edges between these columns.

    `consumers` are (name, service) of what ends the graph.
    """

    nodes: dict[str, tuple[str, ...]]
    edges: tuple[GraphEdge, ...]
    consumers: tuple[tuple[str, str], ...] = ()


def lineage_graph(
    lineage: ProjectLineage,
    asked: Sequence[ColumnRef],
    consumers: Iterable[tuple[str, str]] = (),
    *,
    is_downstream: bool = False,
    is_transitive: bool = False,
) -> LineageGraph:
    """Return the graph around the columns `asked`: one hop, or every hop on the way."""
    edges = hop_edges(lineage)
    if asked:
        edges = _around(edges, set(asked), is_downstream=is_downstream, is_transitive=is_transitive)
    refs = dict.fromkeys([*asked, *(ref for edge in edges for ref in (edge.start, edge.end))])
    nodes: dict[str, list[str]] = {node: [] for node in lineage.nodes()}
    for ref in refs:
        nodes[ref.node].append(ref.column)
    shown = {node: _ordered(lineage, node, names) for node, names in nodes.items() if names}
    ends = tuple(c for c in consumers if c[1] in shown and (is_downstream or not asked))
    return LineageGraph(shown, tuple(edges), ends)


def hop_edges(lineage: ProjectLineage) -> list[GraphEdge]:
    """Return every edge of one hop, one of each sort between two columns."""
    edges = []
    for model in lineage.models.values():
        for column in model.columns.values():
            edges += column_edges(column)
    return edges


def column_edges(column: ColumnLineage) -> list[GraphEdge]:
    """Return the edges into one column."""
    found: dict[tuple[ColumnRef, bool], list[str]] = {}
    for direct in column.direct:
        label = f"masked {direct.transformation}" if direct.is_masked else direct.transformation
        found.setdefault((direct.ref, True), []).append(label)
    for indirect in column.indirect:
        found.setdefault((indirect.ref, False), []).append(indirect.kind)
    return [
        GraphEdge(start, column.ref, is_direct, tuple(dict.fromkeys(labels)))
        for (start, is_direct), labels in found.items()
    ]


def node_edges(edges: Iterable[GraphEdge]) -> list[tuple[str, str]]:
    """Return the pairs of nodes that have an edge between them, in order."""
    return list(dict.fromkeys((edge.start.node, edge.end.node) for edge in edges))


def _around(
    edges: list[GraphEdge], asked: set[ColumnRef], *, is_downstream: bool, is_transitive: bool
) -> list[GraphEdge]:
    found: dict[int, GraphEdge] = {}
    reached, frontier = set(asked), set(asked)
    while frontier:
        beyond = set()
        for number, edge in enumerate(edges):
            near, far = (edge.start, edge.end) if is_downstream else (edge.end, edge.start)
            if near in frontier:
                found[number] = edge
                beyond.add(far)
        frontier = beyond - reached if is_transitive else set()
        reached |= beyond
    return [found[number] for number in sorted(found)]


def _ordered(lineage: ProjectLineage, node: str, names: list[str]) -> tuple[str, ...]:
    wanted = set(names)
    return tuple(ref.column for ref in lineage.columns(node) if ref.column in wanted)
