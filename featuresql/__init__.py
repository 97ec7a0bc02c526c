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
    """Load the store or the client when it is asked for: neither needs what the other does."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'featuresql' has no attribute '{name}'")
