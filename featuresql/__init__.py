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
    from featuresql.compiler.transpile import Compiled, transpile
    from featuresql.store import FeatureStore

__all__ = [
    "CompileError",
    "Compiled",
    "EngineError",
    "FeatureClient",
    "FeatureSQLError",
    "FeatureStore",
    "ManyErrors",
    "OnlineStoreError",
    "ProjectError",
    "RequestError",
    "ServingError",
    "transpile",
]

_LAZY = {
    "Compiled": "featuresql.compiler.transpile",
    "FeatureClient": "featuresql.client",
    "FeatureStore": "featuresql.store",
    "transpile": "featuresql.compiler.transpile",
}


def __getattr__(name: str) -> object:
    """Load the store, the client or the compiler when it is asked for, and no other."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'featuresql' has no attribute '{name}'")
