"""Joins of feature views: where they may stand, and which keys they name."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from featuresql.compiler.draft import Draft, ViewJoin
from featuresql.compiler.typing import column_type_of
from featuresql.errors import CompileError, raise_all
from featuresql.spec.model import FeatureView

HOW = (
    "join a view by LEFT JOIN {{ ref('VIEW') }} v ON v.key = s.key, in the model's outermost SELECT"
)


def find_view_joins(draft: Draft) -> Draft:
    """Find the joins that will become as-of joins.

    Raises `CompileError` for a view that is joined in another way than by a LEFT JOIN in the
    outermost SELECT of a feature view or a feature service, and for one whose join does not name
    all its keys.
    """
    joins: list[ViewJoin] = []
    errors: list[CompileError] = []
    for join in draft.tree.find_all(exp.Join):
        view = _joined_view(draft, join)
        if view is None:
            continue
        try:
            joins.append(_view_join(draft, join, view))
        except CompileError as error:
            errors.append(error)
    raise_all(errors)
    order = [join.alias_or_name for join in draft.tree.args.get("joins") or ()]
    return replace(draft, joins=tuple(sorted(joins, key=lambda join: order.index(join.alias))))


def _joined_view(draft: Draft, join: exp.Join) -> FeatureView | None:
    table = join.this
    if not isinstance(table, exp.Table) or table.db != "ref":
        return None
    model = draft.catalog.models.get(table.name)
    return model.view if model else None


def _view_join(draft: Draft, join: exp.Join, view: FeatureView) -> ViewJoin:
    kind = draft.rendered.config.kind
    if kind == "staging":
        message = f"a staging model cannot join the feature view '{view.name}'"
        raise draft.error("view-join", message, join, "make it a feature_view or a feature_service")
    if join.parent is not draft.tree:
        raise draft.error("view-join", f"'{view.name}' is joined inside a subquery", join, HOW)
    if join.side != "LEFT" or join.method or join.kind not in {"", "OUTER"}:
        written = " ".join(part for part in (join.method, join.side, join.kind, "JOIN") if part)
        raise draft.error("view-join", f"'{view.name}' is joined by {written}", join, HOW)
    alias = join.alias_or_name
    if not view.named_keys:
        _check_for_everybody(draft, join, view)
        return ViewJoin(alias, view, ())
    found: dict[str, exp.Expr] = {}
    condition = join.args.get("on")
    for part in condition.flatten() if isinstance(condition, exp.And) else [condition]:
        key, value = _key_equality(draft, part, alias, view)
        if key in found:
            raise draft.error("join-keys", f"'{key}' is compared twice", part)
        found[key] = value
    missing = [key.name for key in view.keys if key.name not in found]
    if missing:
        wanted = " and ".join(f"{alias}.{key.name} = …" for key in view.keys)
        message = f"the join of '{view.name}' does not name its key {', '.join(missing)}"
        raise draft.error("join-keys", message, join, f"write ON {wanted}")
    return ViewJoin(alias, view, tuple((key.name, found[key.name]) for key in view.keys))


def _check_for_everybody(draft: Draft, join: exp.Join, view: FeatureView) -> None:
    condition = join.args.get("on")
    if not isinstance(condition, exp.Boolean) or not condition.this:
        message = f"'{view.name}' has no entity: its newest row counts for everybody"
        hint = "join it ON true, or name its entity in its config()"
        raise draft.error("join-keys", message, condition or join, hint)


def _key_equality(
    draft: Draft, part: exp.Expr | None, alias: str, view: FeatureView
) -> tuple[str, exp.Expr]:
    names = [key.name for key in view.keys]
    hint = f"compare only the keys of '{view.name}', by '=': {', '.join(names)}"
    while isinstance(part, exp.Paren):
        part = part.this
    if not isinstance(part, exp.EQ):
        text = part.sql("duckdb") if part is not None else "no condition"
        raise draft.error("join-keys", f"'{text}' is no equality of a key", part, hint)
    sides = [part.this, part.expression]
    own = [s for s in sides if isinstance(s, exp.Column) and s.table == alias and s.name in names]
    if len(own) != 1:
        raise draft.error("join-keys", f"'{part.sql('duckdb')}' compares no key", part, hint)
    value = sides[1] if own[0] is sides[0] else sides[0]
    if any(column.table == alias for column in value.find_all(exp.Column)):
        raise draft.error(
            "join-keys", f"'{part.sql('duckdb')}' compares the view with itself", part
        )
    key = next(key for key in view.keys if key.name == own[0].name)
    found = column_type_of(value)
    if found != key.type:
        message = f"'{value.sql('duckdb')}' is {found}, the key '{key.name}' is {key.type}"
        raise draft.error("key-type", message, part, f"cast it to {key.type} where it is made")
    return key.name, value
