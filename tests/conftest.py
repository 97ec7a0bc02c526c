"""What a whole test run shares, over all its workers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

import pytest
from cql_server import RUN_FOLDER, CqlServer, shared_server, stop_shared_server


def pytest_configure(config: pytest.Config) -> None:
    # Workers inherit it from the process that starts them.
    if not hasattr(config, "workerinput"):
        os.environ[RUN_FOLDER] = tempfile.mkdtemp(prefix="featuresql-run-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        stop_shared_server()


@pytest.fixture(scope="session")
def cql_server() -> CqlServer:
    return shared_server()


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep compiled models in a folder of this run, also for the processes that it starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FEATURESQL_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield
