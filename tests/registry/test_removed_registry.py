"""Somebody removes the registry's file, or its folder, while it is open."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from featuresql.errors import RegistryError
from featuresql.ports import ModelVersion, RunRecord
from featuresql.registry.sql_registry import SqlRegistry

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
RUN = RunRecord("r1", "run", NOON, "running")
VERSION = ModelVersion("m", "v1", "print", "{}", "versions.m__v1", 3, NOON, 0.5)


def registry_in(folder: Path) -> SqlRegistry:
    return SqlRegistry(f"sqlite:///{folder / 'target/registry.db'}")


@pytest.mark.parametrize("what", ["folder", "file", "tables"])
def test_it_is_made_again_and_work_goes_on(tmp_path: Path, what: str) -> None:
    registry = registry_in(tmp_path)
    registry.record_model_version(VERSION)
    file = tmp_path / "target/registry.db"
    for call in (
        lambda: registry.record_run(RUN),
        lambda: registry.record_model_version(VERSION),
        registry.model_versions,
        lambda: list(registry.runs()),
        lambda: registry.fingerprint("m", "v1"),
    ):
        shutil.rmtree(tmp_path / "target")
        if what != "folder":
            (tmp_path / "target").mkdir()
        if what == "tables":
            file.touch()
        call()
        assert file.stat().st_size
    registry.record_run(RUN)
    assert list(registry.runs()) == [RUN]
    registry.close()


def test_threads_find_it_made_again_once(tmp_path: Path) -> None:
    registry = registry_in(tmp_path)
    shutil.rmtree(tmp_path / "target")
    runs = [RunRecord(f"r{number}", "run", NOON, "running") for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(registry.record_run, runs))
    assert {run.run_id for run in registry.runs()} == {run.run_id for run in runs}
    registry.close()


def test_where_it_cannot_be_made_the_error_names_no_path_of_the_machine(tmp_path: Path) -> None:
    registry = registry_in(tmp_path)
    shutil.rmtree(tmp_path / "target")
    (tmp_path / "target").write_text("in the way")
    with pytest.raises(RegistryError) as caught:
        registry.model_versions()
    assert str(tmp_path) not in str(caught.value)
    assert "registry.db" in str(caught.value)
    registry.close()


def test_a_version_tells_its_fingerprint_even_when_it_is_no_longer_current(tmp_path: Path) -> None:
    registry = registry_in(tmp_path)
    registry.record_model_version(VERSION)
    registry.record_model_version(
        ModelVersion("m", "v2", "other", "{}", "versions.m__v2", 3, NOON, 0.5)
    )
    assert registry.fingerprint("m", "v1") == "print"
    assert registry.fingerprint("m", "v2") == "other"
    assert registry.fingerprint("m", "v3") is None
    assert registry.fingerprint("n", "v1") is None
    registry.close()
