"""The lines that errors point to, for those that do not bring theirs."""

from __future__ import annotations

from pathlib import Path

from featuresql.errors import FeatureSQLError, ManyErrors, ProjectError
from featuresql.project.text_file import read_text_file


def add_excerpts(error: FeatureSQLError, root: Path) -> None:
    """Give each error that has a place in a file of the project, and no excerpt, that line.

    Not those at a file's very beginning, which stands for the whole file. What follows a secret's
    key in a line is not shown. Errors of the project's own reader do not come here: it leaves out
    the lines that it has to.
    """
    for part in error.errors if isinstance(error, ManyErrors) else (error,):
        place = part.location
        if place is None or part.excerpt is not None or (place.line, place.column) == (1, 1):
            continue
        try:
            part.excerpt = read_text_file(root, place.path).excerpt(place.line)
        except ProjectError:
            continue
