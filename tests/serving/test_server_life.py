from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from fixed_serving import FixedServing, own_spine
from serving_process import HERE, ROOT, ServeHere, StartServer

from featuresql.client import FeatureClient
from featuresql.errors import ServingError
from flight_server.app import make_server, stop_server
from flight_server.config import ServerConfig
from flight_server.launch import memory_environment

ROWS = {"carrier": ["AA"], "distance": [1]}


def test_it_says_where_it_serves_and_takes_a_free_port(start_server: StartServer) -> None:
    first, second = start_server(), start_server()
    assert re.fullmatch(r"serving grpc://127\.0\.0\.1:\d+", first.line)
    assert first.url != second.url


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_idle_server_at_once(start_server: StartServer, number: int) -> None:
    server = start_server()
    started = time.monotonic()
    code, errors = server.stop(number)
    assert code == 0
    assert time.monotonic() - started < 5
    assert "Traceback" not in errors


def test_idle_streams_do_not_keep_a_server_from_ending(start_server: StartServer) -> None:
    server = start_server()
    with FeatureClient(server.url, timeout_s=5) as client, client.stream("flight_delay") as stream:
        stream.get(ROWS)
        started = time.monotonic()
        assert server.stop()[0] == 0
        assert time.monotonic() - started < 5
        with pytest.raises(ServingError) as caught:
            stream.get(ROWS)
        assert caught.value.code in {"connection-lost", "stopping"}
        with pytest.raises(ServingError) as caught:
            stream.get(ROWS)
        assert caught.value.code == "stream-closed"


def test_work_under_way_is_finished_before_the_end(start_server: StartServer) -> None:
    server = start_server(delay_s=2.0)
    answers = []

    def ask() -> None:
        with FeatureClient(server.url) as client:
            answers.append(client.get_online_features("flight_delay", ROWS).num_rows)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(1.0)
    code, _ = server.stop()
    asking.join(10)
    assert code == 0
    assert answers == [1]


def test_work_that_takes_too_long_does_not_keep_a_server_from_ending(
    start_server: StartServer,
) -> None:
    server = start_server(delay_s=30.0, drain_s=2.0)
    failures = []

    def ask() -> None:
        with FeatureClient(server.url) as client:
            try:
                client.get_historical_features("flight_delay", own_spine(10))
            except ServingError as error:
                failures.append(error.code)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(1.0)
    started = time.monotonic()
    assert server.stop()[0] == 0
    assert time.monotonic() - started < 10
    asking.join(10)
    assert len(failures) == 1


def test_a_stopping_server_refuses_new_work() -> None:
    serving = FixedServing()
    server = make_server(serving, ServerConfig(port=0))
    with FeatureClient(f"grpc://127.0.0.1:{server.port}") as client:
        stream = client.stream("flight_delay")
        stream.get(ROWS)
        server.context.slots.stop(0.1)
        assert client.health() == {"status": "stopping"}
        for ask in (
            lambda: stream.get(ROWS),
            lambda: client.get_online_features("flight_delay", ROWS),
        ):
            with pytest.raises(ServingError) as caught:
                ask()
            assert caught.value.code == "stopping"
    assert stop_server(server, 1.0)


def test_a_taken_port_is_a_clear_error(serve_here: ServeHere) -> None:
    server, _ = serve_here()
    with pytest.raises(ServingError) as caught:
        make_server(FixedServing(), ServerConfig(port=server.port))
    assert caught.value.code == "cannot-listen"
    assert str(server.port) in caught.value.message


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_dead_server_is_unreachable_within_the_timeout() -> None:
    with FeatureClient(f"grpc://127.0.0.1:{free_port()}", timeout_s=3) as client:
        for ask in (
            client.health,
            client.services,
            lambda: client.get_online_features("flight_delay", ROWS),
            lambda: client.get_historical_features("flight_delay"),
            lambda: client.stream("flight_delay"),
        ):
            started = time.monotonic()
            with pytest.raises(ServingError) as caught:
                ask()
            assert caught.value.code == "unreachable"
            assert time.monotonic() - started < 5


def test_a_silent_server_is_unreachable_within_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"grpc://127.0.0.1:{silent.getsockname()[1]}"
        with FeatureClient(url, timeout_s=1) as client, pytest.raises(ServingError) as caught:
            client.get_online_features("flight_delay", ROWS)
        assert caught.value.code == "unreachable"


def test_a_server_that_dies_ends_the_stream_which_says_so(start_server: StartServer) -> None:
    server = start_server()
    with FeatureClient(server.url, timeout_s=5) as client:
        stream = client.stream("flight_delay")
        stream.get(ROWS)
        server.kill()
        with pytest.raises(ServingError) as caught:
            stream.get(ROWS)
        assert caught.value.code == "connection-lost"
        with pytest.raises(ServingError, match="is closed: connection-lost") as caught:
            stream.get(ROWS)
        assert caught.value.code == "stream-closed"


def test_a_server_that_hangs_ends_the_stream_after_the_timeout(start_server: StartServer) -> None:
    server = start_server()
    with FeatureClient(server.url, timeout_s=1) as client:
        stream = client.stream("flight_delay")
        stream.get(ROWS)
        server.process.send_signal(signal.SIGSTOP)
        os.waitpid(server.process.pid, os.WUNTRACED)  # until all its threads have stopped
        started = time.monotonic()
        with pytest.raises(ServingError) as caught:
            stream.get(ROWS)
        assert caught.value.code == "timeout"
        assert time.monotonic() - started < 4
        server.process.send_signal(signal.SIGCONT)
        assert client.get_online_features("flight_delay", ROWS).num_rows == 1


def test_a_client_finds_a_server_that_came_back(start_server: StartServer) -> None:
    first = start_server()
    port = int(first.url.rsplit(":", 1)[1])
    with FeatureClient(first.url, timeout_s=5) as client:
        assert client.health() == {"status": "ok"}
        first.kill()
        with pytest.raises(ServingError):
            client.health()
        second = make_server(FixedServing(), ServerConfig(port=port))
        deadline = time.monotonic() + 10
        while True:
            try:
                assert client.health() == {"status": "ok"}
                break
            except ServingError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
    assert stop_server(second, 1.0)


def test_a_client_that_dies_gives_its_place_back(serve_here: ServeHere) -> None:
    server, url = serve_here()
    code = (
        "import sys, os, time; from featuresql.client import FeatureClient;"
        f"s = FeatureClient({url!r}).stream('flight_delay');"
        "s.get({'carrier': ['AA'], 'distance': [1]}); os._exit(0)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=HERE)
    deadline = time.monotonic() + 5
    while server.context.slots.open and time.monotonic() < deadline:
        time.sleep(0.05)
    assert server.context.slots.open == 0


def test_the_client_imports_no_compiler_and_no_engine() -> None:
    code = (
        "import sys; import featuresql.client;"
        "print([m for m in ('sqlglot', 'duckdb', 'jinja2', 'lmdb', 'sqlalchemy', 'pandas',"
        " 'polars',"
        " 'featuresql.compiler', 'featuresql.workflows') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, "-c", code], check=True, env=environment, capture_output=True, text=True
    )
    assert run.stdout.strip() == "[]"


def test_memory_is_bounded_by_the_environment_once() -> None:
    bounded = memory_environment({"HOME": "x"}, 512)
    assert bounded["MIMALLOC_RESERVE_OS_MEMORY"] == "512MiB"
    assert bounded["MIMALLOC_DISALLOW_OS_ALLOC"] == "1"
    assert bounded["HOME"] == "x"
    assert memory_environment({"MIMALLOC_RESERVE_OS_MEMORY": "1GiB"}, 512) == {
        "MIMALLOC_RESERVE_OS_MEMORY": "1GiB"
    }


def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "flight_server", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--limit", "max_row=5"], "did you mean 'max_rows'?"),
        (["--limit", "max_rows=0"], "the limit max_rows is 0"),
        (["--host", "0.0.0.0"], "lets others in without TLS and tokens"),  # noqa: S104 - refused
    ],
)
def test_the_command_refuses_what_does_not_fit(arguments: list[str], said: str) -> None:
    run = run_command(*arguments, "--project-dir", str(ROOT))
    assert run.returncode == 2
    assert said in " ".join(run.stderr.replace("│", " ").split())
    assert "Traceback" not in run.stderr
    assert run.stdout == ""
