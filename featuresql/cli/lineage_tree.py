"""Lineage as a tree for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import click

from featuresql.compiler.lineage import (
    ColumnLineage,
    ColumnRef,
    IndirectInput,
    ProjectLineage,
    Step,
    downstream,
)
from featuresql.spec.model import Consumer

MAX_SQL_CHARS = 160


@dataclass(frozen=True, slots=True)
class Branch:
    """A line of a tree and what hangs below it."""

    text: str
    below: tuple[Branch, ...] = ()


def upstream_tree(lineage: ProjectLineage, ref: ColumnRef, *, is_transitive: bool) -> Branch:
    """Return where a column comes from, each step with its expression, CTEs and subqueries too.

    It ends at the columns of the models that are read, or with `is_transitive` at the sources'. A
    column that stands in the tree already is not taken apart again.
    """
    return _column(lineage, ref, is_transitive=is_transitive, seen=set())


def downstream_tree(
    lineage: ProjectLineage,
    ref: ColumnRef,
    consumers: Sequence[Consumer],
    *,
    is_transitive: bool,
) -> Branch:
    """Return what a column is an input of, and the consumers that it reaches however far."""
    (found,) = downstream(lineage, [ref], transitive=is_transitive)
    below = [
        Branch(_made(other, lineage.models[other.node].columns[other.column].step))
        for other in dict.fromkeys(one.ref for one in found.direct)
    ]
    below += [Branch(_dim(line)) for line in _decided(found)]
    below += [
        Branch(f"{click.style('reaches', fg='magenta')} {c.kind} {click.style(c.name, bold=True)}"
               f" by {c.service}{f', owned by {c.owner}' if c.owner else ''}")
        for c in consumers
    ]  # fmt: skip
    return Branch(click.style(str(ref), bold=True), tuple(below))


def print_tree(root: Branch) -> None:
    """Print a tree; colours are taken off where stdout is no terminal."""
    click.echo(root.text)
    for line in _lines(root.below, ""):
        click.echo(line)


def _column(
    lineage: ProjectLineage, ref: ColumnRef, *, is_transitive: bool, seen: set[ColumnRef]
) -> Branch:
    model = lineage.models.get(ref.node)
    if model is None:
        return Branch(click.style(str(ref), fg="green"))
    column = model.columns[ref.column]
    if ref in seen:
        return Branch(f"{ref} {_dim('(see above)')}")
    seen.add(ref)
    below = _reads(lineage, column.step, is_transitive=is_transitive, seen=seen)
    below += [Branch(_dim(line)) for line in _deciding(column.indirect)]
    return Branch(_made(ref, column.step), tuple(below))


def _reads(
    lineage: ProjectLineage, step: Step | None, *, is_transitive: bool, seen: set[ColumnRef]
) -> list[Branch]:
    branches = []
    for read in step.reads if step is not None else ():
        if read.ref is None:
            below = _reads(lineage, read, is_transitive=is_transitive, seen=seen)
            name = f"{read.relation}.{read.name}" if read.relation else read.name
            branches.append(Branch(f"{name} = {_sql(read)}", tuple(below)))
        elif is_transitive:
            branches.append(_column(lineage, read.ref, is_transitive=True, seen=seen))
        else:
            branches.append(Branch(click.style(str(read.ref), fg="green")))
    return branches


def _made(ref: ColumnRef, step: Step | None) -> str:
    name = click.style(str(ref), bold=True)
    return name if step is None else f"{name} = {_sql(step)}"


def _sql(step: Step) -> str:
    text = step.sql
    return text if len(text) <= MAX_SQL_CHARS else text[: MAX_SQL_CHARS - 1] + "…"


def _deciding(inputs: Iterable[IndirectInput]) -> Iterator[str]:
    kinds: dict[str, list[str]] = {}
    for one in inputs:
        kinds.setdefault(one.kind, []).append(str(one.ref))
    for kind, refs in kinds.items():
        yield f"{kind.replace('_', ' ')}: {', '.join(dict.fromkeys(refs))}"


def _decided(column: ColumnLineage) -> Iterator[str]:
    found: dict[str, dict[str, set[str]]] = {}
    for one in column.indirect:
        columns = found.setdefault(one.ref.node, {})
        columns.setdefault(one.ref.column, set()).add(one.kind.replace("_", " "))
    for node, columns in found.items():
        kinds = sorted(set().union(*columns.values()))
        yield f"decides ({', '.join(kinds)}) about {node}: {', '.join(columns)}"


def _dim(text: str) -> str:
    return click.style(text, dim=True)


def _lines(branches: Sequence[Branch], margin: str) -> Iterator[str]:
    for branch in branches:
        is_last = branch is branches[-1]
        yield f"{margin}{'└── ' if is_last else '├── '}{branch.text}"
        yield from _lines(branch.below, margin + ("    " if is_last else "│   "))
