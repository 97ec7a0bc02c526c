"""Column lineage: where every value comes from, and what decides about it.

Pure functions over typed trees, before as-of joins are put in, so that the nodes are models and
sources.
"""

from __future__ import annotations

from featuresql.compiler.lineage.column_lineage import (
    SOURCE_PREFIX,
    ColumnLineage,
    ColumnRef,
    DirectInput,
    IndirectInput,
    ModelLineage,
    ProjectLineage,
    Step,
)
from featuresql.compiler.lineage.model_lineage import model_lineage
from featuresql.compiler.lineage.project_lineage import project_lineage
from featuresql.compiler.lineage.reach import downstream, upstream

__all__ = [
    "SOURCE_PREFIX",
    "ColumnLineage",
    "ColumnRef",
    "DirectInput",
    "IndirectInput",
    "ModelLineage",
    "ProjectLineage",
    "Step",
    "downstream",
    "model_lineage",
    "project_lineage",
    "upstream",
]
