"""What became of a project's mutants, on stdout."""

from __future__ import annotations

import click

from featuresql.cli.print_result import print_json, print_table
from featuresql.workflows.mutate_models import MutationReport

WIDTH_CHARS = 48


def print_mutants(report: MutationReport, output: str) -> None:
    """Print the mutants that no test has noticed, and how many there were of each fate."""
    if output == "json":
        print_json(mutation_document(report))
        return
    rows = [
        (m.model, f"{m.location.path}:{m.location.line}", m.kind, _cut(m.before), _cut(m.after))
        for m in report.survivors
    ]
    print_table(("model", "where", "change", "as it is", "survived as"), rows)
    counts = report.counts
    made = sum(counts.values())
    click.echo(
        f"\n{made} mutants: {counts['killed']} killed, {counts['survived']} survived; "
        f"{counts['refused']} do not compile, {counts['same']} mean the same"
    )
    if report.untested:
        click.echo(f"without a unit test: {', '.join(report.untested)}")


def mutation_document(report: MutationReport) -> dict[str, object]:
    """Return the report as values that JSON can hold."""
    return {
        "counts": report.counts,
        "untested": list(report.untested),
        "mutants": [
            {
                "model": m.model,
                "change": m.kind,
                "before": m.before,
                "after": m.after,
                "file": m.location.path,
                "line": m.location.line,
                "column": m.location.column,
                "fate": m.fate,
                "tests": m.tests,
            }
            for m in report.tried
        ],
    }


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= WIDTH_CHARS else f"{flat[: WIDTH_CHARS - 1]}…"
