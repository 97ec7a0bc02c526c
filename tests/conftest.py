"""What a whole test run shares, over all its workers."""

from __future__ import annotations

import os
import tempfile

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
