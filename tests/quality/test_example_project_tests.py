"""The example project's own tests and its leakage replay, on all its flights."""

from __future__ import annotations

import shutil
from pathlib import Path

from featuresql.bootstrap import open_workspace
from featuresql.workflows import test_models as verb
from featuresql.workflows.run_models import run_models

ROOT = Path(__file__).parents[2]


def test_the_example_projects_tests_and_its_replay_pass(tmp_path: Path) -> None:
    shutil.copy(ROOT / "featuresql.yml", tmp_path)
    for folder in ("models", "macros", "data"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    workspace = open_workspace(tmp_path)
    run_models(workspace)
    report = verb.test_models(workspace, leakage=True)

    assert [str(result) for result in report.results if result.status != "pass"] == []
    kinds = [result.kind for result in report.results]
    assert kinds.count("leakage") == 5
    assert kinds.count("unit") == len(workspace.project.unit_tests) > 0
    assert kinds.count("data") == len(workspace.project.data_tests) > 0
