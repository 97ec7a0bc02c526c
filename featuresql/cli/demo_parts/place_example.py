"""The example project, in a folder of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from featuresql.cli.make_folder import make_folder
from featuresql.errors import InternalError
from featuresql.project.load_project import PROJECT_FILE

_PACKAGE: Final = Path(__file__).parent.parent.parent
_PARTS: Final = ("models", "macros", "data")


def place_example(folder: Path) -> bool:
    """Copy the example project into `folder`; return False where a project is there already.

    Such a project is used as it is. Raises `ProjectError` where the folder holds anything else.
    """
    if (folder / PROJECT_FILE).is_file():
        return False
    make_folder(folder, _example_files())
    return True


def _example_files() -> dict[str, bytes]:
    # A wheel carries the example within the package, a checkout has it at its root.
    packaged = _PACKAGE / "_example"
    root = packaged if packaged.is_dir() else _PACKAGE.parent
    if not (root / PROJECT_FILE).is_file():
        raise InternalError(
            "the example project is missing from this installation", code="no-example"
        )
    paths = [root / PROJECT_FILE]
    for part in _PARTS:
        paths += sorted(path for path in (root / part).rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
