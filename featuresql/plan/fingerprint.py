"""What makes a model what it is, and a version what it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.draft import CompiledModel

DIGEST_CHARS = 16
FORMAT = 1


def fingerprints(project: CompiledProject) -> dict[str, str]:
    """Return the fingerprint of each model, by its name.

    It is of the canonical SQL, the config and the parents' fingerprints: comments, layout and
    descriptions do not count.
    """
    found: dict[str, str] = {}
    for name, model in project.models.items():
        found[name] = _fingerprint(project, model, found)
    return found


def versions(
    project: CompiledProject, prints: Mapping[str, str], states: Mapping[str, str]
) -> dict[str, str]:
    """Return each model's version: its fingerprint and the state of all sources that reach it."""
    reached: dict[str, frozenset[str]] = {}
    result = {}
    for name, model in project.models.items():
        above = [reached[parent] for parent in model.refs]
        reached[name] = frozenset(model.sources).union(*above)
        states_of = sorted((source, states[source]) for source in reached[name])
        result[name] = digest([prints[name], states_of])
    return result


def digest(value: object) -> str:
    """Return a short digest of a value that JSON can hold."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_CHARS]


def _fingerprint(project: CompiledProject, model: CompiledModel, known: Mapping[str, str]) -> str:
    config = model.config
    keys = [(key.name, str(key.type)) for key in model.view.keys] if model.view else []
    meaning: list[object] = [
        config.kind,
        config.event_time,
        config.available_at,
        config.ttl_us,
        config.labels,
    ]
    meaning += [config.request, config.materialized, config.interval_us]
    meaning.append(keys)
    columns = {
        source: [(c.name, str(c.type)) for c in project.sources[source]] for source in model.sources
    }
    parents = [known[parent] for parent in model.refs]
    return digest([FORMAT, model.after_asof.sql, meaning, columns, parents])
