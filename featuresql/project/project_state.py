"""A project's files -> a text that changes with them, without reading any."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

from featuresql.project.find_files import OutsideError, list_files
from featuresql.spec.model import Project

_SUFFIXES: Final = frozenset({".sql", ".yml", ".yaml"})
_DEFAULT_FOLDERS: Final = ("models", "macros")


def project_state(project: Project) -> str:
    """Return a text that differs when files of the project were changed, added or removed.

    It is of their paths, times and sizes. Looked at are the project file and the folders in which
    the project has models or macros.
    """
    root = Path(project.root)
    paths = [*(model.path for model in project.models.values()), *(m.path for m in project.macros)]
    folders = {PurePosixPath(path).parts[0] for path in paths} | set(_DEFAULT_FOLDERS)
    files = [project.file]
    for folder in sorted(folders):
        try:
            files += list_files(root, folder, _SUFFIXES)
        except (OSError, OutsideError) as error:
            files.append(type(error).__name__)
    return repr([(file, _stat(root / file)) for file in files])


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_ino, state.st_mtime_ns, state.st_size
