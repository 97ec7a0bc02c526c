"""What the options of selection name, where that depends on another time."""

from __future__ import annotations

from pathlib import Path

import click

from featuresql.plan.select_models import select_models
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.find_earlier import find_earlier
from featuresql.workflows.workspace import Workspace


def resolve_selection(
    workspace: Workspace, select: str | None, exclude: str | None, state: Path | None
) -> tuple[str | None, str | None]:
    """Return `select` and `exclude` without `state:` and `result:`: models by their names instead.

    Says on stderr where nothing is left.
    """
    words = f"{select or ''} {exclude or ''}"
    if "state:" not in words and "result:" not in words:
        return select, exclude
    compiled = compile_models(workspace)
    earlier = find_earlier(workspace, compiled, state)
    names = select_models(compiled, select, exclude, earlier)
    if not names:
        click.echo("the selection is empty: there is nothing to do", err=True)
    return " ".join(names), None
