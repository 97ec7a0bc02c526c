"""Where a project's compiled models are kept between commands."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from featuresql.spec.model import Project

VARIABLE: Final = "FEATURESQL_CACHE_DIR"


def cache_file(project: Project, environment: Mapping[str, str]) -> Path | None:
    """Return the file of the project on its target; None where nothing is to be kept.

    It is in `FEATURESQL_CACHE_DIR`, where nothing is kept if that is empty, or else in the user's
    own cache folder: not in the project, because what comes with a project is not to be trusted.
    """
    folder = environment.get(VARIABLE)
    if folder is None:
        home = environment.get("XDG_CACHE_HOME") or environment.get("HOME")
        if not home:
            return None
        base = Path(home) if environment.get("XDG_CACHE_HOME") else Path(home) / ".cache"
        folder = str(base / "featuresql")
    if not folder or not Path(folder).is_absolute():
        return None
    named = f"{project.root}\n{project.file}\n{project.target.name}"
    return Path(folder) / f"{hashlib.sha256(named.encode()).hexdigest()[:32]}.sqlite"
