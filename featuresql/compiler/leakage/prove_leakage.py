"""The proof: no feature of a model sees what was not yet known at its row's own instants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from featuresql.compiler.collect_columns import output
from featuresql.compiler.draft import CompiledModel, Draft
from featuresql.compiler.leakage.evaluate import evaluate
from featuresql.compiler.leakage.judge import Judge, rows_of
from featuresql.compiler.leakage.needs import NOTHING, Cause, Fault, Needs
from featuresql.compiler.leakage.relation import Relation, Value
from featuresql.compiler.leakage.rule_select import query
from featuresql.compiler.leakage.scope import Analysis
from featuresql.compiler.leakage.summary import summarize
from featuresql.errors import Location, did_you_mean
from featuresql.spec.model import Column, FeatureView, Source
from featuresql.spec.verdict import Verdict

_LATER = (
    "stamp the row with an instant that is surely not earlier, such as greatest(a, b) or the end "
    "of the interval, or give that instant as available_at"
)
_AVAILABLE = "give the view that column as its available_at, or stamp it with greatest(a, b)"


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of a model: a verdict for each feature, and what its readers have to know."""

    verdicts: Mapping[str, Verdict]
    relation: Relation
    view: FeatureView | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What a model may read: sources, their columns, and the proofs of models before it."""

    sources: Mapping[str, Source]
    source_columns: Mapping[str, tuple[Column, ...]]
    proofs: Mapping[str, Proof]


def prove_leakage(model: CompiledModel, known: Known, draft: Draft) -> Proof:
    """Return the verdicts of the model's features, by their columns' names.

    A staging model has none, but what reads it needs its proof. `draft` tells places in the
    template. Raises `CompileError` where the model accepts the leak of a feature that it has not.
    """
    locate = draft.locate
    analysis = Analysis(
        known.sources,
        known.source_columns,
        known.proofs,
        locate,
        evaluate,
        query,
        event_time=model.config.event_time or "",
        trusts_spine=model.service is not None,
    )
    relation = query(analysis, model.checked, None, {})
    if model.service is not None:
        verdicts = _service_verdicts(model, relation, locate)
        _check_accepted(draft, verdicts)
        return Proof(verdicts, _not_to_be_read(model))
    verdicts = _view_verdicts(model, model.view, relation, locate) if model.view else {}
    _check_accepted(draft, verdicts)
    return Proof(verdicts, summarize(relation, model.view), model.view)


def _view_verdicts(
    model: CompiledModel,
    view: FeatureView,
    relation: Relation,
    locate: Callable[[exp.Expr | None], Location],
) -> dict[str, Verdict]:
    special = [*(key.name for key in view.named_keys), view.event_time]
    special += [view.available_at] if view.available_at else []
    base = relation.needs.union(*(relation.columns[name.lower()].needs for name in special))
    available = relation.columns[view.available_at.lower()] if view.available_at else None
    judge = _judge(model, relation, available, locate)
    verdicts = {}
    for feature in view.features:
        value = relation.columns[feature.name.lower()]
        verdicts[feature.name] = _accepted(model, feature.name, judge.verdict(base | value.needs))
    return verdicts


def _service_verdicts(
    model: CompiledModel, relation: Relation, locate: Callable[[exp.Expr | None], Location]
) -> dict[str, Verdict]:
    """Judge what a service gives. What a request brings is known when it is asked."""
    assert model.service is not None  # noqa: S101 - the caller has seen that there is one
    judge = _judge(model, relation, None, locate)
    brought = _label_faults(model, locate)
    verdicts = {}
    for found in model.service.outputs:
        if found.name == model.service.event_time:
            continue
        needs = relation.columns[found.name.lower()].needs | _labels_in(found.expression, brought)
        verdicts[found.name] = _accepted(model, found.name, judge.verdict(needs))
    return verdicts


def _label_faults(
    model: CompiledModel, locate: Callable[[exp.Expr | None], Location]
) -> dict[tuple[str, str], Fault]:
    """Return a fault for each column of the request from which a label could be told."""
    plan = model.service
    assert plan is not None  # noqa: S101 - the caller has seen that there is one
    faults: dict[tuple[str, str], Fault] = {}
    known = {c.name for c in (*plan.keys, *plan.request)}
    for label in plan.labels:
        value = output(model.checked, label)
        columns = [] if value is None else list(value.find_all(exp.Column))
        names = {c.name for c in columns if c.table == plan.spine_alias}
        if not names or len(names) < len({(c.table, c.name) for c in columns}):
            continue
        if names <= known | {plan.spine_event_time}:
            text = f"the label '{label}' can be told from '{min(names & known or names)}'"
            hint = "a request brings no label: take it out of `request`"
            fault = Fault("leaks", Cause(text, locate(value), hint))
            faults |= {(plan.spine_alias, name): fault for name in names & known}
    return faults


def _labels_in(expression: exp.Expr, faults: Mapping[tuple[str, str], Fault]) -> Needs:
    if not faults:
        return NOTHING
    columns = {(column.table, column.name) for column in expression.find_all(exp.Column)}
    return frozenset(faults[column] for column in columns if column in faults)


def _judge(
    model: CompiledModel,
    relation: Relation,
    available: Value | None,
    locate: Callable[[exp.Expr | None], Location],
) -> Judge:
    name = model.config.event_time or ""
    event = relation.columns[name.lower()]
    assert event.point is not None  # noqa: S101 - a timestamp is always an instant
    points = [event.point, available.point if available else None]
    needs = event.needs | (available.needs if available else NOTHING)
    shown = f"'{name}'" if available is None else f"both '{name}' and '{model.config.available_at}'"
    return Judge(
        relation.facts,
        event.point,
        available.point if available else None,
        rows_of(needs, points),
        shown,
        locate(output(model.checked, name)),
        _LATER,
    )


def _accepted(model: CompiledModel, column: str, verdict: Verdict) -> Verdict:
    why = model.config.accept_leak.get(column)
    if why is None or verdict.verdict == "proven":
        return verdict
    return Verdict(verdict.verdict, verdict.reason, verdict.location, verdict.hint, why)


def _check_accepted(draft: Draft, verdicts: Mapping[str, Verdict]) -> None:
    for name in draft.rendered.config.accept_leak:
        if name not in verdicts:
            message = f"accept_leak names '{name}', which is no feature of the model"
            place = draft.rendered.config_location
            raise draft.error_at("unknown-column", message, place, did_you_mean(name, verdicts))


def _not_to_be_read(model: CompiledModel) -> Relation:
    """Nothing is known of a service's rows: they are those that somebody asks for."""
    fault = Fault("unproven", Cause(f"'{model.name}' is a service, whose rows are not judged"))
    needs = frozenset((fault,))
    return Relation({c.name.lower(): Value(needs) for c in model.columns}, needs)
