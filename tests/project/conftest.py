from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from featuresql.errors import FeatureSQLError, ManyErrors
from featuresql.project.load_project import load_project
from featuresql.spec.model import Project

Files = Mapping[str, str | bytes]


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Project]:
    """Write files into a new project's folder and load it."""

    def load(files: Files, **arguments: object) -> Project:
        write_files(tmp_path, files)
        return load_project(tmp_path, **{"environment": {}, **arguments})  # type: ignore[arg-type]

    return load


@pytest.fixture
def errors_of(project: Callable[..., Project]) -> Callable[..., tuple[FeatureSQLError, ...]]:
    """Load a project that is wrong, and return every error."""

    def load(files: Files, **arguments: object) -> tuple[FeatureSQLError, ...]:
        with pytest.raises(FeatureSQLError) as caught:
            project(files, **arguments)
        error = caught.value
        return error.errors if isinstance(error, ManyErrors) else (error,)

    return load


def write_files(root: Path, files: Files) -> None:
    (root / "models").mkdir(exist_ok=True)
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        (root / path).write_bytes(data)
