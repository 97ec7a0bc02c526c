"""How an incremental model is built, in few words."""

from __future__ import annotations

from collections.abc import Sequence

from featuresql.compiler.draft import CompiledModel
from featuresql.compiler.intervals.times import WHOLE_PAST_US, Reach
from featuresql.project.duration import duration_text


def interval_text(model: CompiledModel) -> str:
    """Return how an incremental model is cut, for a table: `1 day, back 30 hours`; else nothing."""
    if model.intervals is None:
        return ""
    back_us = max((reach.back_us for reach in model.intervals.changes), default=0)
    if back_us >= WHOLE_PAST_US:
        back = "all that was before"
    else:
        back = f"back {duration_text(back_us)}" if back_us > 0 else "nothing before"
    return f"{duration_text(model.config.interval_us or 0)}, {back}"


def interval_document(model: CompiledModel) -> dict[str, object] | None:
    """Return what `Intervals` says as values that JSON can hold; None where there are none."""
    found = model.intervals
    if found is None:
        return None
    return {
        "interval_us": model.config.interval_us,
        "reads": _reaches(found.cuts),
        "changes": _reaches(found.changes),
        "rows": _reaches(found.rows),
        "whole": list(found.whole),
    }


def _reaches(reaches: Sequence[Reach]) -> list[dict[str, object]]:
    return [
        {
            "relation": ".".join(reach.relation),
            "column": reach.column,
            "back_us": reach.back_us,
            "ahead_us": reach.ahead_us,
        }
        for reach in reaches
    ]
