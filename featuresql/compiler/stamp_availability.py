"""A view's availability is stored as it is read: never NULL, never before the event."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from featuresql.compiler.asof import column, normalized_availability
from featuresql.compiler.draft import Draft


def stamp_availability(draft: Draft) -> Draft:
    """Normalize the column `available_at` of a feature view that has one."""
    view = draft.view
    if view is None or view.available_at is None:
        return draft
    stamped = normalized_availability(column(view.event_time, "q"), column(view.available_at, "q"))
    selects = [
        exp.alias_(
            stamped if c.name == view.available_at else column(c.name, "q"), c.name, quoted=True
        )
        for c in draft.columns
    ]
    query = exp.select(*selects).from_(exp.alias_(draft.tree.subquery(copy=True), "q", table=True))
    return replace(draft, tree=query)
