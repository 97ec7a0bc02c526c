"""lineage: where columns come from, and what and whom they reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.lineage import (
    SOURCE_PREFIX,
    ColumnLineage,
    ColumnRef,
    ProjectLineage,
    downstream,
    project_lineage,
    upstream,
)
from featuresql.errors import PlanError, did_you_mean
from featuresql.spec.model import Consumer
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class LineageAnswer:
    """What was asked for, and all that is needed to show it.

    `columns` has, for each column asked for, its inputs or, with `is_downstream`, what it is an
    input of. `consumers` are those that each reaches, however far; they are told of downstream
    only.
    """

    compiled: CompiledProject
    lineage: ProjectLineage
    name: str | None
    columns: tuple[ColumnLineage, ...]
    is_downstream: bool = False
    is_transitive: bool = False
    consumers: Mapping[ColumnRef, tuple[Consumer, ...]] = field(default_factory=dict)


def ask_lineage(
    workspace: Workspace,
    name: str | None = None,
    *,
    is_downstream: bool = False,
    is_transitive: bool = False,
) -> LineageAnswer:
    """Compile the project and answer for `name`: see `columns_called`. Nothing is run.

    Raises `PlanError` for an unknown name, and what compiling raises.
    """
    compiled = compile_models(workspace)
    lineage = project_lineage(compiled)
    asked = columns_called(lineage, name)
    if not is_downstream:
        found = upstream(lineage, asked, transitive=is_transitive)
        return LineageAnswer(compiled, lineage, name, found, is_transitive=is_transitive)
    found = downstream(lineage, asked, transitive=is_transitive)
    reached = reached_consumers(compiled, lineage, asked)
    return LineageAnswer(
        compiled, lineage, name, found, is_downstream=True, is_transitive=is_transitive,
        consumers=reached,
    )  # fmt: skip


def columns_called(lineage: ProjectLineage, name: str | None) -> tuple[ColumnRef, ...]:
    """Return the columns of `MODEL`, `MODEL.COLUMN`, `source.NAME` or `source.NAME.COLUMN`.

    All models' columns where `name` is None. Raises `PlanError` with code `unknown-model`,
    `unknown-source` or `unknown-column` and the nearest known name.
    """
    if name is None:
        return tuple(ref for model in lineage.models for ref in lineage.columns(model))
    prefix = SOURCE_PREFIX if name.startswith(SOURCE_PREFIX) else ""
    node, dot, column = name.removeprefix(prefix).partition(".")
    columns = lineage.columns(prefix + node)
    nodes = lineage.nodes()
    if prefix + node not in nodes:
        what = "source" if prefix else "model"
        known = [SOURCE_PREFIX + node] if SOURCE_PREFIX + node in nodes else nodes
        raise PlanError(
            f"there is no {what} '{node}'",
            code=f"unknown-{what}",
            hint=did_you_mean(prefix + node, known),
        )
    if not dot:
        return columns
    found = tuple(ref for ref in columns if ref.column == column)
    if not found:
        raise PlanError(
            f"'{prefix}{node}' has no column '{column}'",
            code="unknown-column",
            hint=did_you_mean(column, [ref.column for ref in columns]),
        )
    return found


def reached_consumers(
    compiled: CompiledProject, lineage: ProjectLineage, columns: Sequence[ColumnRef]
) -> dict[ColumnRef, tuple[Consumer, ...]]:
    """Return the consumers whose service each of `columns` reaches, or is of, in declared order."""
    consumers = compiled.project.consumers
    if not consumers:
        return {}
    result = {}
    for one in downstream(lineage, columns, transitive=True):
        nodes = {
            one.ref.node,
            *(i.ref.node for i in one.direct),
            *(i.ref.node for i in one.indirect),
        }
        result[one.ref] = tuple(c for c in consumers if c.service in nodes)
    return result
