"""One CQL server for all workers of a test run.

`CQL_HOST`, `CQL_PORT`, `CQL_USER`, `CQL_PASSWORD` and `CQL_CA_CERT`, for TLS, name one that is
there; else Cassandra is started, or else ScyllaDB in a container.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from cassandra_process import (
    CERTIFICATE,
    PASSWORD,
    USER,
    UnavailableError,
    free_port,
    locked,
    start_cassandra,
    stop_process,
)

RUN_FOLDER = "FEATURESQL_TEST_RUN"
IMAGE = "scylladb/scylla:6.2"


@dataclass(frozen=True)
class CqlServer:
    """Where a server listens, and who may use it.

    With `ca_cert` it speaks TLS too, on the same port. `pid` or `container` is what this run has
    started.
    """

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    ca_cert: str | None = None
    pid: int | None = None
    container: str | None = None


def shared_server() -> CqlServer:
    """Return the server of this test run, started by the first who asks.

    Skips the test where there is none, with the reason; where services are required, as in CI, it
    fails.
    """
    given = os.environ.get("CQL_HOST")
    if given:
        names = ("CQL_USER", "CQL_PASSWORD", "CQL_CA_CERT")
        return CqlServer(
            given, int(os.environ.get("CQL_PORT", "9042")), *map(os.environ.get, names)
        )
    folder = Path(os.environ[RUN_FOLDER])
    with locked(folder / "cql.lock"):
        found = folder / "cql.json"
        if not found.exists():
            found.write_text(json.dumps(_started(folder / "cassandra")))
        words = json.loads(found.read_text())
    if "reason" in words:
        missing(words["reason"])
    return CqlServer(**words)


def missing(reason: str) -> None:
    """Skip, or fail where services are required."""
    if os.environ.get("CI") or os.environ.get("FEATURESQL_REQUIRE_SERVICES"):
        pytest.fail(f"a CQL server is required: {reason}")
    pytest.skip(f"no CQL server: {reason}")


def stop_shared_server() -> None:
    """Stop what this run has started."""
    folder = Path(os.environ[RUN_FOLDER])
    found = folder / "cql.json"
    if found.exists():
        words = json.loads(found.read_text())
        if words.get("pid"):
            stop_process(words["pid"])
        if words.get("container"):
            import docker  # noqa: PLC0415 - it comes with testcontainers

            docker.from_env().containers.get(words["container"]).remove(force=True)
    shutil.rmtree(folder, ignore_errors=True)


def _started(folder: Path) -> dict[str, object]:
    try:
        port = free_port()
        pid = start_cassandra(folder, port)
        ca_cert = str(folder / CERTIFICATE)
        return asdict(CqlServer("127.0.0.1", port, USER, PASSWORD, ca_cert, pid))
    except UnavailableError as error:
        reason = str(error)
    try:
        return asdict(_scylla_in_a_container())
    except UnavailableError as error:
        return {"reason": f"{reason}; {error}"}


def _scylla_in_a_container() -> CqlServer:
    # Reaped by `stop_shared_server`, not when the worker that started it ends.
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    from docker.errors import DockerException  # noqa: PLC0415 - only where it is needed
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - as above
    from testcontainers.core.waiting_utils import wait_for_logs  # noqa: PLC0415 - as above

    try:
        container = DockerContainer(IMAGE).with_exposed_ports(9042)
        container.with_command("--smp 1 --memory 1G --overprovisioned 1 --developer-mode 1")
        container.start()
        wait_for_logs(container, "Starting listening for CQL clients", timeout=120)
        host, port = container.get_container_host_ip(), int(container.get_exposed_port(9042))
        return CqlServer(host, port, container=container.get_wrapped_container().id)
    except (DockerException, OSError, TimeoutError) as error:
        raise UnavailableError(f"no container: {error}") from error
