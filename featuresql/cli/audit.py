"""featuresql audit."""

from __future__ import annotations

import click

from featuresql.cli.open_project import open_project
from featuresql.cli.options import (
    ProjectOptions,
    example,
    output_option,
    project_options,
    select_option,
)
from featuresql.cli.print_result import print_json, print_table
from featuresql.cli.show_error import error_document
from featuresql.errors import TestFailureError
from featuresql.spec.instant import from_us
from featuresql.workflows.audit import SAMPLE_KEYS, AuditedView
from featuresql.workflows.audit import audit as audit_views

SHOWN = 20


@click.command("audit", epilog=example("featuresql audit --select carrier_delay --sample 5000"))
@select_option
@click.option(
    "--sample",
    type=click.IntRange(1, 1_000_000),
    default=SAMPLE_KEYS,
    show_default=True,
    help="How many entities of each view are compared.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Which entities are drawn.")
@output_option
@project_options
def audit(
    *, project: ProjectOptions, select: str | None, sample: int, seed: int, output: str
) -> None:
    """Compare what is online with what the engine answers.

    Each sampled entity's vector is compared, to the bit, with the engine's answer at the instant
    until which its view was materialized. Exits with 1 where a value differs.
    """
    with open_project(project, has_lines=False) as workspace:
        audited = audit_views(workspace, select, sample_keys=sample, seed=seed)
    count = sum(len(found.differences) for found in audited)
    error = TestFailureError(
        f"{count} values differ online",
        code="audit-difference",
        hint="`featuresql materialize` writes them again",
    )
    if output == "json":
        failed = error_document(error) if count else {}
        print_json({"views": [_document(found) for found in audited], **failed})
    else:
        _print(audited)
    if count:
        raise error


def _print(audited: tuple[AuditedView, ...]) -> None:
    rows = [
        (f.view, from_us(f.watermark_us).isoformat(), f.keys, f.values, len(f.differences))
        for f in audited
    ]
    print_table(("view", "at", "entities", "values", "differences"), rows)
    differences = [d for found in audited for d in found.differences]
    if differences:
        click.echo()
        shown = [
            (
                d.view,
                ", ".join(f"{k}={v}" for k, v in d.keys.items()),
                d.column,
                d.online,
                d.offline,
            )
            for d in differences[:SHOWN]
        ]
        headers = ("view", "entity", "value", "online", "offline")
        print_table(headers, [["NULL" if v is None else v for v in row] for row in shown])
        if len(differences) > SHOWN:
            click.echo(f"… and {len(differences) - SHOWN:,} more")
        for view, cause in sorted({(d.view, d.cause) for d in differences}):
            click.echo(f"{view}: {cause}")


def _document(found: AuditedView) -> dict[str, object]:
    return {
        "view": found.view,
        "at": from_us(found.watermark_us),
        "entities": found.keys,
        "values": found.values,
        "differences": [
            {
                "keys": dict(d.keys),
                "column": d.column,
                "online": d.online,
                "offline": d.offline,
                "cause": d.cause,
            }
            for d in found.differences
        ],
    }
