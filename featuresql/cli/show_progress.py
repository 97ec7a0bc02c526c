"""Progress on stderr: a moving line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click
from rich.console import Console
from rich.text import Text

from featuresql.ports import Progress, Report
from featuresql.workflows.workspace import silent

_MOVING: Final = frozenset({"started", "interval"})
_COLOURS: Final = {"done": "green", "kept": "dim", "failed": "red"}


@contextmanager
def show_progress(*, has_lines: bool = True) -> Iterator[Report]:
    """Give what workflows report to, for as long as the block lasts.

    Without `has_lines` only the moving line is shown, and nothing where there is no terminal.
    """
    if not sys.stderr.isatty():
        yield _print_line if has_lines else silent
        return
    console = Console(stderr=True, highlight=False)
    with console.status("reading the project") as status:

        def report(progress: Progress) -> None:
            if progress.status in _MOVING:
                status.update(Text(f"{_place(progress)} …"))
            elif has_lines and _is_worth_a_line(progress):
                console.print(Text(progress_line(progress), _COLOURS.get(progress.status, "")))

        yield report


def progress_line(progress: Progress) -> str:
    """Return one line for something done: what, which of how many, how it went, how long."""
    parts = [progress.status]
    if progress.rows is not None:
        parts.append(f"{progress.rows:,} rows")
    if progress.status != "kept":
        parts.append(f"{progress.seconds:.2f} s")
    return f"{_place(progress)}: {', '.join(parts)}"


def _place(progress: Progress) -> str:
    return f"{progress.verb} {progress.index}/{progress.total} {progress.name}"


def _is_worth_a_line(progress: Progress) -> bool:
    # A project has many tests, and the results list them all.
    is_quiet = _MOVING | {"done"} if progress.verb == "test" else _MOVING
    return progress.status not in is_quiet


def _print_line(progress: Progress) -> None:
    if _is_worth_a_line(progress):
        click.echo(progress_line(progress), err=True)
