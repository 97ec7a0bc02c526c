from collections.abc import Callable
from pathlib import Path

import pytest
from broken import Broken
from broken_files import KEYS, SOURCES, SYNTAX, TARGETS
from broken_properties import FILES, PROPERTIES

from featuresql.errors import FeatureSQLError, ProjectError

BROKEN = [*SYNTAX, *KEYS, *SOURCES, *TARGETS, *FILES, *PROPERTIES]
ALWAYS = {
    "models/a.sql": "select 1 as x\n",
    "models/b.sql": "select 1 as y\n",
    "data/t.csv": "x\n1\n",
    "data/f.csv/inner.txt": "",
}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.shows)
def test_a_broken_project_gives_one_error_that_says_where_and_what(
    broken: Broken,
    errors_of: Callable[..., tuple[FeatureSQLError, ...]],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "out.csv"
    outside.write_text("x\n1\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "out.csv").symlink_to(outside)
    errors = errors_of({**ALWAYS, **broken.files})
    assert [f"{error.code} {error.location}" for error in errors] == [broken.where]
    (error,) = errors
    assert isinstance(error, ProjectError)
    assert broken.message in error.message
    assert broken.hint in (error.hint or "")
    path, line, _ = str(error.location).rsplit(":", 2)
    lines = broken.files.get(path, b"")
    if isinstance(lines, str) and len(lines) < 10_000 and error.excerpt is not None:
        shown = lines.split("\n")[int(line) - 1].replace("\t", " ").replace("\x1b", " ")
        before, *masked = error.excerpt.split("***")
        assert shown.startswith(before) if masked else before == shown[:160]
    assert str(tmp_path) not in str(error)
