"""Where a version of a model is."""

from __future__ import annotations

from typing import Final

VERSIONS_SCHEMA: Final = "versions"


def version_relation(model: str, version: str) -> tuple[str, str]:
    """Return (schema, name) of the relation that holds a version of a model."""
    return VERSIONS_SCHEMA, f"{model}__{version}"
