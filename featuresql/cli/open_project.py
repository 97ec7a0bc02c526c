"""A command's project, opened and closed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from featuresql.bootstrap import close_workspace, open_workspace
from featuresql.cli.add_excerpts import add_excerpts
from featuresql.cli.options import ProjectOptions
from featuresql.cli.show_progress import show_progress
from featuresql.errors import FeatureSQLError
from featuresql.workflows.workspace import Workspace


@contextmanager
def open_project(options: ProjectOptions, *, has_lines: bool = True) -> Iterator[Workspace]:
    """Open the project, with progress shown on stderr until the block ends.

    Without `has_lines` it leaves no lines behind.
    """
    with show_progress(has_lines=has_lines) as report:
        workspace = open_workspace(options.project_dir, options.target, options.variables, report)
        try:
            yield workspace
        except FeatureSQLError as error:
            add_excerpts(error, workspace.root)
            raise
        finally:
            close_workspace(workspace)
