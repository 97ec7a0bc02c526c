"""A lineage graph in Mermaid's words, for Markdown."""

from __future__ import annotations

from featuresql.compiler.lineage import ColumnRef
from featuresql.docs.lineage_graph import LineageGraph, node_edges


def mermaid(graph: LineageGraph, *, of_columns: bool = True) -> str:
    """Return a flowchart: of columns in their models, or of the models alone.

    Solid arrows where values flow, dotted ones where a column only decides.
    """
    lines = ["flowchart LR"]
    if of_columns:
        lines += _columns(graph)
    else:
        names = {node: f"n{number}" for number, node in enumerate(graph.nodes)}
        lines += [f'  {key}["{_text(node)}"]' for node, key in names.items()]
        lines += [f"  {names[start]} --> {names[end]}" for start, end in node_edges(graph.edges)]
    for number, (name, service) in enumerate(graph.consumers):
        lines.append(f'  u{number}(["{_text(name)}"])')
        lines.append(f"  n{list(graph.nodes).index(service)} ==> u{number}")
    return "\n".join(lines) + "\n"


def _columns(graph: LineageGraph) -> list[str]:
    keys: dict[ColumnRef, str] = {}
    lines = []
    for number, (node, columns) in enumerate(graph.nodes.items()):
        lines.append(f'  subgraph n{number}["{_text(node)}"]')
        for position, column in enumerate(columns):
            keys[ColumnRef(node, column)] = f"n{number}_{position}"
            lines.append(f'    n{number}_{position}["{_text(column)}"]')
        lines.append("  end")
    for edge in graph.edges:
        arrow = "-->" if edge.is_direct else "-.->"
        label = _text(", ".join(edge.labels))
        lines.append(f'  {keys[edge.start]} {arrow}|"{label}"| {keys[edge.end]}')
    return lines


def _text(text: str) -> str:
    """Return `text` so that Mermaid shows it as it is."""
    return text.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;")
