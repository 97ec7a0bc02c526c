"""Why an online vector has no values of a view: its row is too old, or there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from featuresql.project.duration import duration_text
from featuresql.workflows.lookup import PreparedService, Question, lookup
from featuresql.workflows.workspace import Workspace


def explain_nulls(
    workspace: Workspace, prepared: PreparedService, row: pa.RecordBatch, now: datetime
) -> Iterator[str]:
    """Give a sentence for each view of the service of which no row is visible to `row` at `now`.

    It says how old the stored row is where the view's ttl hides it, and otherwise until when the
    view was materialized.
    """
    joins = prepared.plan.joins
    ageless = tuple(replace(join, view=replace(join.view, ttl_us=None)) for join in joins)
    unaged = replace(prepared, plan=replace(prepared.plan, joins=ageless))
    question = Question(row, now, include_metadata=True)
    answer = lookup(unaged, workspace.online(), workspace.evaluator(), question)
    current = workspace.online().current()
    for join in joins:
        found = answer.column(f"{join.alias}__event_ts")[0].as_py()
        ttl_us = join.view.ttl_us
        if found is None:
            microseconds = timedelta(microseconds=current[join.view.name].watermark_us)
            watermark = datetime(1970, 1, 1, tzinfo=UTC) + microseconds
            yield (
                f"{join.view.name} has no row for these keys: "
                f"it was materialized until {watermark.isoformat()}"
            )
        elif ttl_us is not None and now - found > timedelta(microseconds=ttl_us):
            yield (
                f"{join.view.name}: the newest row is of {found.isoformat()}, older than the ttl "
                f"of {duration_text(ttl_us)}; --at asks for an earlier instant"
            )
