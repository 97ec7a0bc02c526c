"""featuresql docs."""

from __future__ import annotations

from pathlib import Path

import click

from featuresql.cli.open_project import open_project
from featuresql.cli.options import ProjectOptions, example, project_options
from featuresql.compiler.lineage import project_lineage
from featuresql.docs.site_pages import site_pages
from featuresql.errors import UsageError
from featuresql.workflows.artifacts import write_changed
from featuresql.workflows.catalog import write_catalog
from featuresql.workflows.compile_models import compile_models, write_compiled


@click.command("docs", epilog=example("featuresql docs --output target/docs"))
@click.option(
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the pages go; target/docs of the project if absent.",
)
@project_options
def docs(*, project: ProjectOptions, folder: Path | None) -> None:
    """Write the project's documentation as a static site.

    Pages for models, columns, sources and entities, with descriptions, leakage verdicts, tests, SQL
    and lineage. They need no server: open index.html. target/catalog.json and target/manifest.json
    are written too.
    """
    with open_project(project, has_lines=False) as workspace:
        compiled = compile_models(workspace, with_properties=True)
        write_compiled(workspace, compiled, tuple(compiled.models))
        write_catalog(workspace, compiled)
        built = workspace.registry().model_versions()
        pages = site_pages(compiled, project_lineage(compiled), built)
        target = folder or workspace.target_dir / "docs"
        try:
            for name, text in pages.items():
                write_changed(target / name, text)
        except OSError as error:
            message = f"the pages cannot be written to '{target}': {error.strerror}"
            raise UsageError(message, code="file-write") from None
    click.echo(f"{len(pages)} pages: {target / 'index.html'}")
