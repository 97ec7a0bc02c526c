from pathlib import Path

import pytest

from featuresql.errors import FeatureSQLError
from featuresql.project.load_project import load_project

MODEL = "select 1 as x from {{ source('t') }}"
PROJECT = """\
name: p
sources: {t: {table: t, static: true}}
consumers:
  - {name: eta, kind: ml_model, service: s, owner: ml, url: "https://m.example/eta"}
"""
BOARD = """\
consumers:
  - name: Delays today
    kind: dashboard
    service: s
    description: For the desk.
"""


def write(root: Path, project: str, properties: str = "") -> None:
    (root / "models").mkdir()
    (root / "featuresql.yml").write_text(project)
    (root / "models/s.sql").write_text(MODEL)
    (root / "models/s.yml").write_text(properties)


def test_consumers_stand_in_the_project_file_and_in_properties_files(tmp_path: Path) -> None:
    write(tmp_path, PROJECT, BOARD)
    eta, board = load_project(tmp_path, environment={}).consumers
    assert (eta.name, eta.kind, eta.service, eta.owner) == ("eta", "ml_model", "s", "ml")
    assert (eta.url, str(eta.location)) == ("https://m.example/eta", "featuresql.yml:4:12")
    assert (board.name, board.kind, board.owner) == ("Delays today", "dashboard", "")
    assert board.description == "For the desk."
    assert str(board.location) == "models/s.yml:2:11"


@pytest.mark.parametrize(
    ("properties", "code", "hint"),
    [
        ("consumers: [{name: a, kind: job, service: ss}]", "unknown-model", "did you mean 's'?"),
        ("consumers: [{name: a, kind: job, servic: s}]", "unknown-key", "did you mean 'service'?"),
        ("consumers: [{name: a, kind: job}]", "missing-key", None),
        ("consumers: [{name: eta, kind: job, service: s}]", "duplicate-name", None),
    ],
)
def test_a_wrong_consumer_is_an_error(
    tmp_path: Path, properties: str, code: str, hint: str | None
) -> None:
    write(tmp_path, PROJECT, properties)
    with pytest.raises(FeatureSQLError) as caught:
        load_project(tmp_path, environment={})
    errors = getattr(caught.value, "errors", (caught.value,))
    found = {error.code: error for error in errors}
    assert code in found
    assert found[code].location is not None
    if hint is not None:
        assert found[code].hint == hint
