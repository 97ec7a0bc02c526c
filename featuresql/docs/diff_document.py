"""What a change touches, as text, Markdown or JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict

from featuresql.docs.lineage_json import consumer_json
from featuresql.workflows.diff import ColumnChange, ModelChange, ProjectDiff, SourceChange

NOTHING = "nothing changes"


def diff_json(diff: ProjectDiff) -> dict[str, object]:
    """Return the difference as a value that JSON can hold."""
    return {
        "sources": [asdict(source) for source in diff.sources],
        "models": [asdict(model) for model in diff.models],
        "columns": [asdict(column) for column in diff.columns],
        "features": [{"model": ref.node, "column": ref.column} for ref in diff.features],
        "services": list(diff.services),
        "consumers": [consumer_json(consumer) for consumer in diff.consumers],
        "leakage": [asdict(verdict) for verdict in diff.verdicts],
        "owners": list(diff.owners),
    }


def diff_text(diff: ProjectDiff) -> str:
    """Return the difference for a terminal."""
    lines: list[str] = []
    for title, entries in _sections(diff):
        lines += ["", f"{title}:", *(f"  {entry}" for entry in entries)]
    return "\n".join(lines[1:] or [NOTHING]) + "\n"


def diff_markdown(diff: ProjectDiff) -> str:
    """Return the difference as Markdown, fit for the comment of a pull request."""
    lines = ["## What this change touches", ""]
    if diff == ProjectDiff():
        return "\n".join([*lines, f"{NOTHING.capitalize()}.", ""])
    lines += [_summary(diff), ""]
    lines += _listed("Sources", (f"{_code(s.source)} {_what(s)}" for s in diff.sources))
    lines += _models_table(diff)
    if diff.columns:
        lines += ["| column | change | before | after |", "|---|---|---|---|"]
        lines += [
            f"| {_code(name)} | {c.change} | {_code(c.before)} | {_code(c.after)} |"
            for c, name in ((c, f"{c.model}.{c.column}") for c in diff.columns)
        ]
        lines.append("")
    if diff.verdicts:
        lines += ["| feature | leakage before | leakage now |", "|---|---|---|"]
        lines += [
            f"| {_code(f'{v.model}.{v.column}')} | {v.before or 'none'} | {v.after} |"
            for v in diff.verdicts
        ]
        lines.append("")
    features = [str(ref) for ref in diff.features]
    lines += _listed("Features reached", map(_code, features))
    lines += _listed("Services reached", map(_code, diff.services))
    lines += _listed(
        "Consumers reached",
        (f"{_cell(c.name)} ({_cell(c.kind)} of {_code(c.service)})" for c in diff.consumers),
    )
    lines += _listed("Owners", map(_cell, diff.owners))
    return "\n".join(lines)


def _models_table(diff: ProjectDiff) -> list[str]:
    if not diff.models:
        return []
    rows = (
        f"| {_code(m.model)} | {m.kind} | {_cell(_why(m))} | {_cell(m.owner)} |"
        for m in diff.models
    )
    return ["| model | kind | change | owner |", "|---|---|---|---|", *rows, ""]


def _summary(diff: ProjectDiff) -> str:
    models, columns = _count(len(diff.models), "model"), _count(len(diff.columns), "column")
    features, services = (
        _count(len(diff.features), "feature"),
        _count(len(diff.services), "service"),
    )
    consumers = _count(len(diff.consumers), "consumer")
    reached = f"**{features}**, **{services}** and **{consumers}** reached"
    return f"**{models}** built again, **{columns}** with another meaning, {reached}."


def _sections(diff: ProjectDiff) -> Iterator[tuple[str, list[str]]]:
    if diff.sources:
        yield "sources", [f"{source.source} {_what(source)}" for source in diff.sources]
    if diff.models:
        yield "models built again", [f"{m.model} ({m.kind}): {_why(m)}" for m in diff.models]
    if diff.columns:
        yield "columns with another meaning", [_column_line(c) for c in diff.columns]
    if diff.verdicts:
        yield (
            "leakage verdicts",
            [f"{v.model}.{v.column}: {v.before or 'none'} -> {v.after}" for v in diff.verdicts],
        )
    if diff.features:
        yield "features reached", [str(ref) for ref in diff.features]
    if diff.services:
        yield "services reached", list(diff.services)
    if diff.consumers:
        yield (
            "consumers reached",
            [f"{c.name} ({c.kind} of {c.service})" for c in diff.consumers],
        )
    if diff.owners:
        yield "owners", list(diff.owners)


def _column_line(column: ColumnChange) -> str:
    name = f"{column.model}.{column.column}"
    if column.change == "changed":
        return f"{name}: {column.before} -> {column.after}"
    text = column.after or column.before
    return f"{name}: {column.change}" + (f": {text}" if text else "")


def _why(model: ModelChange) -> str:
    if model.change is None:
        return "reads what has changed"
    if model.change != "changed":
        return model.change
    reasons = ["which rows it has"] if model.has_other_rows else []
    reasons += [f"config {', '.join(model.settings)}"] if model.settings else []
    return "changed" + (f": {'; '.join(reasons)}" if reasons else "")


def _what(source: SourceChange) -> str:
    return source.change + (f": {', '.join(source.settings)}" if source.settings else "")


def _listed(title: str, entries: Iterable[str]) -> list[str]:
    found = list(entries)
    return [f"{title}: {', '.join(found)}", ""] if found else []


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _code(text: str) -> str:
    """Return `text` as code in a cell of a table; nothing for nothing."""
    if not text:
        return ""
    line = " ".join(text.split()).replace("|", "\\|")
    ticks = "``" if "`" in line else "`"
    return f"{ticks}{line}{ticks}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
