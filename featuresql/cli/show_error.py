"""Errors on stderr, one block each, and as values for JSON."""

from __future__ import annotations

import click

from featuresql.errors import FeatureSQLError, ManyErrors


def show_error(error: FeatureSQLError) -> None:
    """Write each error as a block, in colour on a terminal, and how many there are if several."""
    errors = error.errors if isinstance(error, ManyErrors) else (error,)
    click.echo("\n\n".join(_coloured(part) for part in errors), err=True)
    if len(errors) > 1:
        click.echo(f"\n{len(errors)} errors", err=True)


def error_document(error: FeatureSQLError) -> dict[str, object]:
    """Return what a command that failed prints as JSON: `status` and `errors`."""
    parts = error.errors if isinstance(error, ManyErrors) else (error,)
    return {"status": "error", "errors": [_as_json(part) for part in parts]}


def _as_json(error: FeatureSQLError) -> dict[str, object]:
    place = error.location
    return {
        "code": error.code,
        "message": error.message,
        "file": place.path if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "hint": error.hint,
    }


def _coloured(error: FeatureSQLError) -> str:
    """Colours are taken off again by click where stderr is no terminal."""
    code = f"{error.code}:"
    first, *rest = str(error).split("\n")
    lines = [click.style(code, fg="red", bold=True) + first.removeprefix(code)]
    for line in rest:
        is_place = line.startswith(("  at ", "  |"))
        lines.append(click.style(line, dim=True) if is_place else line)
    return "\n".join(lines)
