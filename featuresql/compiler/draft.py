"""What the passes hand on, and what comes out of the last one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlglot import exp

from featuresql.compiler.intervals.times import Intervals, Times
from featuresql.compiler.packed_tree import PackedTree
from featuresql.errors import CompileError, Location
from featuresql.render.rendered import RenderedModel
from featuresql.spec.model import Column, Entity, FeatureView, ModelConfig
from featuresql.spec.verdict import Verdict

Expression: TypeAlias = exp.Expr


@dataclass(frozen=True, slots=True)
class ViewJoin:
    """A LEFT JOIN of a feature view: `keys` gives what each named key of the view must equal."""

    alias: str
    view: FeatureView
    keys: tuple[tuple[str, exp.Expr], ...]


@dataclass(frozen=True, slots=True)
class OnlineOutput:
    """One column of an online answer.

    `origin` is (alias, column) where the value comes as it is from a joined view or from the
    request (then `alias` is that of the spine); it is None where an expression has to be evaluated.
    """

    name: str
    column: Column
    origin: tuple[str, str] | None
    expression: exp.Expr


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """How a feature service is asked: what its rows bring and what each output is made of.

    `spine_event_time` is the spine's own column of instants. `keys`, `request` and `spine` are
    columns of the spine: those that the joins need, those named in `request=`, and all that the
    service reads.
    """

    name: str
    spine_alias: str
    spine_relation: tuple[str, str]
    event_time: str
    spine_event_time: str
    keys: tuple[Column, ...]
    request: tuple[Column, ...]
    labels: tuple[str, ...]
    spine: tuple[Column, ...]
    label_columns: frozenset[str]
    joins: tuple[ViewJoin, ...]
    outputs: tuple[OnlineOutput, ...]


@dataclass(frozen=True, slots=True)
class CompiledModel:
    """A model that has passed every check.

    Its queries name relations logically: `ref.NAME`, `source.NAME`; joins of views are still
    plain (`checked`) or as-of joins over `asof.NAME` and `history.NAME` (`tree`). `leakage` has the
    verdict of each feature, `statement` the SQL for the target's engine as people read it. `times`
    says how its instants depend on those that it reads, `intervals` how it is built piece by piece.
    """

    name: str
    path: str
    config: ModelConfig
    columns: tuple[Column, ...]
    before_asof: PackedTree
    after_asof: PackedTree
    refs: tuple[str, ...]
    sources: tuple[str, ...]
    view: FeatureView | None = None
    service: ServicePlan | None = None
    leakage: Mapping[str, Verdict] = field(default_factory=dict)
    statement: str = ""
    times: Times = field(default_factory=Times)
    intervals: Intervals | None = None

    @property
    def checked(self) -> exp.Query:
        """The query with its joins of views as they were written."""
        return self.before_asof.tree

    @property
    def tree(self) -> exp.Query:
        """The query with as-of joins."""
        return self.after_asof.tree


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a model may read: sources' columns, models compiled before it, entities."""

    sources: Mapping[str, tuple[Column, ...]]
    models: Mapping[str, CompiledModel]
    entities: Mapping[str, Entity]

    def relation_columns(self, schema: str, name: str) -> tuple[Column, ...] | None:
        """Return the columns of `ref.name` or `source.name`; None where there are none."""
        if schema == "ref":
            model = self.models.get(name)
            return model.columns if model else None
        return self.sources.get(name) if schema == "source" else None


@dataclass(frozen=True, slots=True)
class Draft:
    """A model on its way through the passes. `tree` is set by the first of them."""

    rendered: RenderedModel
    catalog: Catalog
    tree: exp.Query = field(default_factory=exp.Select)
    columns: tuple[Column, ...] = ()
    view: FeatureView | None = None
    service: ServicePlan | None = None
    joins: tuple[ViewJoin, ...] = ()
    checked: exp.Query | None = None

    def locate(self, node: exp.Expr | None) -> Location:
        """Return the place in the template of `node`, of what it holds, or of what holds it."""
        current = node
        while current is not None:
            starts = [start for n in current.walk() if (start := n.meta.get("start")) is not None]
            if starts:
                return self.rendered.source_map.locate(min(starts))
            current = current.parent
        return Location(self.rendered.path)

    def error(
        self, code: str, message: str, node: exp.Expr | None = None, hint: str | None = None
    ) -> CompileError:
        """Return an error at the place of `node`, for the caller to raise."""
        return self.error_at(code, message, self.locate(node), hint)

    def error_at(
        self, code: str, message: str, location: Location, hint: str | None = None
    ) -> CompileError:
        """Return an error at `location`, with the template's line as its excerpt."""
        lines = self.rendered.template.split("\n")
        inside = location.path == self.rendered.path and location.line <= len(lines)
        excerpt = lines[location.line - 1] if inside else None
        return CompileError(message, code=code, location=location, hint=hint, excerpt=excerpt)
