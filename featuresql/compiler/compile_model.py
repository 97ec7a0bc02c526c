"""The pipeline of one model."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlglot import exp

from featuresql.compiler.annotate_types import annotate_types
from featuresql.compiler.collect_columns import collect_columns
from featuresql.compiler.draft import Catalog, CompiledModel, Draft
from featuresql.compiler.find_view_joins import find_view_joins
from featuresql.compiler.inject_asof import inject_asof
from featuresql.compiler.name_subscripts import name_subscripts
from featuresql.compiler.narrow_sums import narrow_sums
from featuresql.compiler.packed_tree import PackedTree
from featuresql.compiler.parse import parse
from featuresql.compiler.plan_service import plan_service
from featuresql.compiler.plan_view import plan_view
from featuresql.compiler.qualify_columns import qualify_columns
from featuresql.compiler.require_portable import require_portable
from featuresql.compiler.resolve_tables import resolve_tables
from featuresql.compiler.stamp_availability import stamp_availability
from featuresql.render.rendered import RenderedModel

PASSES: tuple[Callable[[Draft], Draft], ...] = (
    parse,
    resolve_tables,
    qualify_columns,
    annotate_types,
    name_subscripts,
    narrow_sums,
    collect_columns,
    find_view_joins,
    plan_view,
    plan_service,
    require_portable,
    inject_asof,
    stamp_availability,
)


def compile_model(rendered: RenderedModel, catalog: Catalog) -> CompiledModel:
    """Compile one model whose parents are in `catalog`.

    Raises `CompileError`, or `ManyErrors` of them, with the place in the template.
    """
    *_, (_, draft) = passes(rendered, catalog)
    after = PackedTree(draft.tree)
    checked = draft.checked or draft.tree
    before = after if checked is draft.tree else PackedTree(checked)
    return CompiledModel(
        name=rendered.name,
        path=rendered.path,
        config=rendered.config,
        columns=draft.columns,
        before_asof=before,
        after_asof=after,
        refs=_named(draft, "ref"),
        sources=_named(draft, "source"),
        view=draft.view,
        service=draft.service,
    )


def passes(rendered: RenderedModel, catalog: Catalog) -> Iterator[tuple[str, Draft]]:
    """Give the name of each pass and the draft after it, in order."""
    draft = Draft(rendered, catalog)
    for run in PASSES:
        try:
            draft = run(draft)
        except RecursionError:
            raise draft.error("too-deep", "the SQL is nested too deeply") from None
        yield run.__name__, draft


def _named(draft: Draft, schema: str) -> tuple[str, ...]:
    tree = draft.checked or draft.tree
    return tuple(sorted({t.name for t in tree.find_all(exp.Table) if t.db == schema}))
