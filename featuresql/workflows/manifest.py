"""What the compiler knows, as JSON for other tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.draft import CompiledModel
from featuresql.spec.verdict import Verdict
from featuresql.workflows.interval_notes import interval_document

MANIFEST_VERSION = 1


def manifest(compiled: CompiledProject, prints: Mapping[str, str]) -> dict[str, object]:
    """Return `manifest.json`: nodes by model, sources and entities."""
    project = compiled.project
    consumers = {
        consumer.name: {
            "kind": consumer.kind,
            "service": consumer.service,
            "owner": consumer.owner,
            "url": consumer.url,
        }
        for consumer in project.consumers
    }
    return {
        "manifest_version": MANIFEST_VERSION,
        "project": project.name,
        "target": project.target.name,
        "nodes": {name: _node(compiled, m, prints[name]) for name, m in compiled.models.items()},
        "sources": {
            name: {
                "path": source.path,
                "table": source.table,
                "event_time": source.event_time,
                "available_at": source.available_at,
                "static": source.static,
                "timezone": source.timezone,
                "columns": {
                    c.name: str(c.type) for c in compiled.sources.get(name, source.columns)
                },
            }
            for name, source in project.sources.items()
        },
        "entities": {
            name: {key.name: str(key.type) for key in entity.keys}
            for name, entity in project.entities.items()
        },
        "consumers": consumers,
    }


def _leakage(verdict: Verdict) -> dict[str, object]:
    """Return a feature's verdict; `line` is of the template, `accepted` why a model accepts it."""
    line = None if verdict.location is None else verdict.location.line
    found: dict[str, object] = {"verdict": verdict.verdict, "reason": verdict.reason, "line": line}
    return found if verdict.accepted is None else {**found, "accepted": verdict.accepted}


def _node(compiled: CompiledProject, model: CompiledModel, fingerprint: str) -> dict[str, object]:
    properties = compiled.project.properties.get(model.name)
    described = {c.name: c.description for c in properties.columns} if properties else {}
    config = {
        name: value for name, value in asdict(model.config).items() if value not in (None, "", ())
    }
    return {
        "path": model.path,
        "kind": model.config.kind,
        "description": model.config.description or (properties.description if properties else ""),
        "fingerprint": fingerprint,
        "sql": model.before_asof.sql,
        "config": config,
        "refs": list(model.refs),
        "sources": list(model.sources),
        "columns": {
            column.name: {"type": str(column.type), "description": described.get(column.name, "")}
            for column in model.columns
        },
        "features": {name: {"leakage": _leakage(v)} for name, v in model.leakage.items()},
        "intervals": interval_document(model),
        "compiled_path": f"target/compiled/{model.name}.sql",
    }
