"""featuresql init."""

from __future__ import annotations

from pathlib import Path

import click

from featuresql.cli.make_folder import make_folder
from featuresql.cli.options import ProjectOptions, example, project_options
from featuresql.errors import UsageError
from featuresql.project.json_schema import SCHEMA_FOLDER
from featuresql.project.load_project import load_project
from featuresql.project.strict_model import IDENTIFIER

_TEMPLATE = Path(__file__).parent.parent / "_init_template"
_PLACEHOLDER = "project_name"
# Files of these names in the package would hide files from whoever builds it, or be run by it.
_RENAMED = {
    "gitignore": ".gitignore",
    "github_workflow.yml": ".github/workflows/featuresql.yml",
}


@click.command("init", epilog=example("featuresql init shop"))
@click.argument("name")
@project_options
def init(*, project: ProjectOptions, name: str) -> None:
    """Make a new project that runs as it is.

    It goes into the folder NAME, or into --project-dir; a folder with files in it is refused. An
    editor that knows YAML schemas completes and checks its project files. A GitHub Actions workflow
    runs and tests it on pull requests.
    """
    if not IDENTIFIER.fullmatch(name):
        raise UsageError(
            f"'{name}' is no name for a project",
            code="not-an-identifier",
            hint="use lower-case letters, digits and underscores",
        )
    load_project(_TEMPLATE, project.target, project.variables)
    folder = Path(name) if project.project_dir == Path() else project.project_dir
    make_folder(folder, new_project_files(name))
    click.echo(f"made {folder}; next:")
    click.echo(f"  cd {folder}")
    click.echo("  featuresql run")
    click.echo("  featuresql test --leakage")
    click.echo("  featuresql training-set order_return --output target/train.parquet")


def new_project_files(name: str) -> dict[str, bytes]:
    """Return the files of a new project, by their paths within it."""
    files = {}
    for path in sorted(_TEMPLATE.rglob("*")):
        if path.is_file() and "target" not in path.parts and "__pycache__" not in path.parts:
            relative = path.relative_to(_TEMPLATE).as_posix()
            content = path.read_bytes().replace(_PLACEHOLDER.encode(), name.encode())
            files[_RENAMED.get(relative, relative)] = content
    for schema in sorted(SCHEMA_FOLDER.glob("*.schema.json")):
        files[f".featuresql/{schema.name}"] = schema.read_bytes()
    return files
