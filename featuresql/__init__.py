"""FeatureSQL: a feature store whose only language is SQL."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from featuresql.errors import (
    CompileError,
    EngineError,
    FeatureSQLError,
    ManyErrors,
    OnlineStoreError,
    ProjectError,
    RequestError,
    ServingError,
)

if TYPE_CHECKING:
    from featuresql.client import FeatureClient
    from featuresql.store import FeatureStore

__all__ = [
    "CompileError",
    "EngineError",
    "FeatureClient",
    "FeatureSQLError",
    "FeatureStore",
    "ManyErrors",
    "OnlineStoreError",
    "ProjectError",
    "RequestError",
    "ServingError",
]

_LAZY = {"FeatureClient": "featuresql.client", "FeatureStore": "featuresql.store"}


def __getattr__(name: str) -> object:
    """Load the store and the client when they are asked for: each needs much that the other does not."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'featuresql' has no attribute '{name}'")
