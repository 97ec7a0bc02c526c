"""A feature service: a spine, left joins of views, and a SELECT list."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from featuresql.compiler.collect_columns import output
from featuresql.compiler.draft import Draft, OnlineOutput, ServicePlan
from featuresql.compiler.plan_view import instant_error
from featuresql.compiler.typing.function_table import call_name, find_function
from featuresql.errors import CompileError, did_you_mean, raise_all
from featuresql.spec.model import Column

REFUSED_CLAUSES = {
    "with_": "WITH",
    "where": "WHERE",
    "group": "GROUP BY",
    "having": "HAVING",
    "qualify": "QUALIFY",
    "windows": "WINDOW",
    "distinct": "DISTINCT",
    "order": "ORDER BY",
    "limit": "LIMIT",
    "offset": "OFFSET",
    "sample": "USING SAMPLE",
    "laterals": "LATERAL",
    "pivots": "PIVOT",
}
WHY = "each row asked for gets exactly one row: put it into a view or into the spine's model"


def plan_service(draft: Draft) -> Draft:
    """Check that the service is one, and plan how it is asked online.

    Other kinds of model pass unchanged. Raises `CompileError` for what may not be in a service, for
    labels that reach a feature, and for features that need more than a request brings.
    """
    if draft.rendered.config.kind != "feature_service":
        return draft
    raise_all(_shape_errors(draft))
    tree = draft.tree
    spine = tree.args["from_"].this
    columns = {c.name: c for c in draft.catalog.relation_columns(spine.db, spine.name) or ()}
    instant = _spine_event_time(draft, spine.alias_or_name)
    labels = draft.rendered.config.labels
    raise_all(_config_errors(draft, columns))
    raise_all(_key_errors(draft, spine.alias_or_name))
    keys = {value.name: columns[value.name] for join in draft.joins for _, value in join.keys}
    asked = {*keys, *draft.rendered.config.request, instant}
    label_columns = _label_columns(draft, spine.alias_or_name) - asked
    outputs, errors = _outputs(draft, spine.alias_or_name, asked, label_columns)
    raise_all(errors)
    used = {c.name for c in tree.find_all(exp.Column) if c.table == spine.alias_or_name} | asked
    plan = ServicePlan(
        name=draft.rendered.name,
        spine_alias=spine.alias_or_name,
        spine_relation=(spine.db, spine.name),
        event_time=draft.rendered.config.event_time or "",
        spine_event_time=instant,
        keys=tuple(keys.values()),
        request=tuple(columns[name] for name in draft.rendered.config.request if name not in keys),
        labels=labels,
        spine=tuple(column for name, column in columns.items() if name in used),
        label_columns=label_columns,
        joins=draft.joins,
        outputs=outputs,
    )
    return replace(draft, service=plan)


def _shape_errors(draft: Draft) -> list[CompileError]:
    tree = draft.tree
    if not isinstance(tree, exp.Select):
        return [draft.error("service-shape", f"a service has no {tree.key.upper()}", tree, WHY)]
    errors = [
        draft.error("service-shape", f"a service has no {name}", _node(tree, clause), WHY)
        for clause, name in REFUSED_CLAUSES.items()
        if tree.args.get(clause)
    ]
    for select in tree.selects:
        refused = ((node, _other_rows(node)) for node in select.walk())
        errors += [
            draft.error("service-shape", f"a service has no {what}", node, WHY)
            for node, what in refused
            if what is not None
        ][:1]
    from_ = tree.args.get("from_")
    if (
        from_ is None
        or not isinstance(from_.this, exp.Table)
        or from_.this.db not in {"ref", "source"}
    ):
        errors.append(
            draft.error("service-shape", "a service has its spine in FROM", from_ or tree)
        )
    aliases = {join.alias for join in draft.joins}
    errors += [
        draft.error("service-shape", f"'{join.alias_or_name}' is no feature view", join, WHY)
        for join in tree.args.get("joins") or ()
        if join.alias_or_name not in aliases
    ]
    return errors


def _other_rows(node: exp.Expr) -> str | None:
    """Return what `node` is called where it reads or makes other rows than the one it stands in."""
    if isinstance(node, exp.Query | exp.Exists):
        return "subquery"
    if isinstance(node, exp.Window):
        return "window"
    function = find_function(node)
    if function is not None and function.kind != "scalar":
        return f"{function.kind} function"
    if isinstance(node, exp.AggFunc | exp.UDTF | exp.Explode):
        return f"{function.name if function else call_name(node)}()"
    return None


def _node(tree: exp.Query, clause: str) -> exp.Expr | None:
    value = tree.args[clause]
    node = value[0] if isinstance(value, list) else value
    return node if isinstance(node, exp.Expr) else None


def _spine_event_time(draft: Draft, spine: str) -> str:
    name = draft.rendered.config.event_time or ""
    error = instant_error(draft, name)
    if error is not None:
        raise error
    value = output(draft.tree, name)
    if not isinstance(value, exp.Column) or value.table != spine:
        message = f"'{name}' is the service's instant, so it has to be a column of the spine"
        raise draft.error("instant", message, value, "compute it in the spine's model")
    return value.name


def _config_errors(draft: Draft, columns: dict[str, Column]) -> list[CompileError]:
    place = draft.rendered.config_location
    names = [column.name for column in draft.columns]
    errors = [
        draft.error_at(
            "unknown-column", f"the label '{label}' is no column", place, did_you_mean(label, names)
        )
        for label in draft.rendered.config.labels
        if label not in names
    ]
    errors += [
        draft.error_at(
            "unknown-column",
            f"the spine has no '{name}', which config names as a request column",
            place,
            "training takes it from the spine: add it there; " + did_you_mean(name, columns),
        )
        for name in draft.rendered.config.request
        if name not in columns
    ]
    return errors


def _key_errors(draft: Draft, spine: str) -> list[CompileError]:
    return [
        draft.error(
            "join-keys",
            f"'{value.sql('duckdb')}' is no column of the spine",
            value,
            "compute it in the spine's model, and join on that column",
        )
        for join in draft.joins
        for _, value in join.keys
        if not isinstance(value, exp.Column) or value.table != spine
    ]


def _label_columns(draft: Draft, spine: str) -> frozenset[str]:
    expressions = [output(draft.tree, label) for label in draft.rendered.config.labels]
    columns = [c for e in expressions if e is not None for c in e.find_all(exp.Column)]
    return frozenset(c.name for c in columns if c.table == spine)


def _outputs(
    draft: Draft, spine: str, asked: set[str], label_columns: frozenset[str]
) -> tuple[tuple[OnlineOutput, ...], list[CompileError]]:
    outputs, errors = [], []
    for column, select in zip(draft.columns, draft.tree.selects, strict=True):
        if column.name in draft.rendered.config.labels:
            continue
        value = select.unalias()
        columns = list(value.find_all(exp.Column))
        own = {c.name for c in columns if c.table == spine}
        if own & label_columns:
            name = min(own & label_columns)
            message = f"'{column.name}' reads '{name}', which makes a label"
            errors.append(
                draft.error("label-leak", message, select, "a label may reach no feature")
            )
        elif own <= asked:
            origin = (value.table, value.name) if isinstance(value, exp.Column) else None
            outputs.append(OnlineOutput(column.name, column, origin, value))
        elif any(c.table != spine for c in columns):
            name = min(own - asked)
            message = f"'{column.name}' needs '{name}' of the spine, which no request brings"
            hint = f"add it to the model's config: request=['{name}']"
            errors.append(draft.error("not-in-request", message, select, hint))
    return tuple(outputs), errors
