"""Lineage as one HTML file that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files

from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.lineage import SOURCE_PREFIX, ColumnRef, ProjectLineage
from featuresql.docs.lineage_graph import CONSUMER_PREFIX, hop_edges

_PAGE = "lineage.html"
_DATA = "/*DATA*/null"


def lineage_html(
    compiled: CompiledProject, lineage: ProjectLineage, asked: Sequence[ColumnRef] = ()
) -> str:
    """Return the page: every column of the project in a graph, those `asked` for chosen at first.

    A click on a column shows what flows into it and out of it, and its expression.
    """
    data = {
        "project": compiled.project.name,
        "nodes": [_node(compiled, lineage, name) for name in lineage.nodes()]
        + [
            {
                "name": CONSUMER_PREFIX + consumer.name,
                "kind": consumer.kind,
                "owner": consumer.owner,
                "description": consumer.description,
                "url": consumer.url,
                "service": consumer.service,
                "columns": [],
            }
            for consumer in compiled.project.consumers
        ],
        "edges": [
            [str(e.start), str(e.end), int(e.is_direct), ", ".join(e.labels)]
            for e in hop_edges(lineage)
        ],
        "asked": [str(ref) for ref in asked],
    }
    # In a script element only these could end it or begin a comment.
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", "\\u2028")
    page = files("featuresql.docs").joinpath(_PAGE).read_text(encoding="utf-8")
    return page.replace(_DATA, text, 1)


def _node(compiled: CompiledProject, lineage: ProjectLineage, name: str) -> dict[str, object]:
    if name.startswith(SOURCE_PREFIX):
        source = compiled.project.sources[name.removeprefix(SOURCE_PREFIX)]
        columns = compiled.sources.get(source.name, source.columns)
        listed = [{"name": c.name, "type": str(c.type)} for c in columns]
        return {
            "name": name,
            "kind": "source",
            "owner": "",
            "description": source.description,
            "columns": listed,
        }
    model = compiled.models[name]
    properties = compiled.project.properties.get(name)
    described = {c.name: c.description for c in properties.columns} if properties else {}
    steps = {
        ref.column: lineage.models[name].columns[ref.column].step for ref in lineage.columns(name)
    }
    listed = [
        {
            "name": column.name,
            "type": str(column.type),
            "description": described.get(column.name, ""),
            "sql": step.sql if (step := steps[column.name]) is not None else "",
        }
        for column in model.columns
    ]
    return {
        "name": name,
        "kind": model.config.kind,
        "owner": model.config.owner,
        "description": model.config.description or (properties.description if properties else ""),
        "columns": listed,
    }
