"""A new folder with files in it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp

from featuresql.errors import ProjectError


def make_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make `folder` with `files`, by their paths within it: all of them or none.

    Raises `ProjectError` with code `folder-in-use` where it holds anything already, and with code
    `folder-write` where it cannot be made.
    """
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ProjectError(
                f"'{folder}' exists already and is not empty",
                code="folder-in-use",
                hint="choose another name, or move it away",
            )
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            for path, content in files.items():
                target = draft / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            draft.chmod(0o755)  # mkdtemp's is for its maker alone
            draft.replace(folder.resolve())
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ProjectError(f"'{folder}' cannot be made: {reason}", code="folder-write") from None
