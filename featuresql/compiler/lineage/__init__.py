"""Column lineage: where every value comes from, and what decides about it.

Pure functions over typed trees, before as-of joins are put in, so that the nodes are models and
sources.
"""

from __future__ import annotations

from featuresql.compiler.lineage.column_lineage import (
    ColumnLineage,
    ColumnRef,
    DirectInput,
    IndirectInput,
    ModelLineage,
    Step,
)
from featuresql.compiler.lineage.model_lineage import SOURCE_PREFIX, model_lineage

__all__ = [
    "SOURCE_PREFIX",
    "ColumnLineage",
    "ColumnRef",
    "DirectInput",
    "IndirectInput",
    "ModelLineage",
    "Step",
    "model_lineage",
]
