"""A lineage graph in Graphviz's words."""

from __future__ import annotations

from featuresql.docs.lineage_graph import CONSUMER_PREFIX, LineageGraph, node_edges


def dot(graph: LineageGraph, *, of_columns: bool = True) -> str:
    """Return a digraph: of columns in their models, or of the models alone.

    Solid edges where values flow, dashed ones where a column only decides.
    """
    lines = ["digraph lineage {", "  rankdir=LR;", "  node [shape=box, fontname=Helvetica];"]
    if of_columns:
        for number, (node, columns) in enumerate(graph.nodes.items()):
            lines += [f"  subgraph cluster_{number} {{", f"    label={_quoted(node)};"]
            lines += [f"    {_quoted(f'{node}.{c}')} [label={_quoted(c)}];" for c in columns]
            lines.append("  }")
        for edge in graph.edges:
            style = "solid" if edge.is_direct else "dashed"
            label = _quoted(", ".join(edge.labels))
            ends = f"{_quoted(str(edge.start))} -> {_quoted(str(edge.end))}"
            lines.append(f"  {ends} [style={style}, label={label}];")
    else:
        lines += [f"  {_quoted(node)};" for node in graph.nodes]
        lines += [f"  {_quoted(a)} -> {_quoted(b)};" for a, b in node_edges(graph.edges)]
    for name, service in graph.consumers:
        key = _quoted(CONSUMER_PREFIX + name)
        column = f"{service}.{graph.nodes[service][0]}" if of_columns else service
        lines.append(f"  {key} [shape=ellipse, label={_quoted(name)}];")
        lines.append(f"  {_quoted(column)} -> {key} [style=bold];")
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
