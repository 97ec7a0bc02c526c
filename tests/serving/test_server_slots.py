from __future__ import annotations

import gc
import socket
import subprocess
import sys
import threading
import time

import pytest
from fixed_serving import FixedServing
from pyarrow import flight
from serving_process import ROOT, ServeHere, StartServer

from featuresql.client import FeatureClient
from featuresql.errors import RequestError, ServingError
from featuresql.wire.commands import HistoricalCommand, OnlineTicket, encode_command
from flight_server.auth import ANYBODY
from flight_server.config import Limits
from flight_server.connections import cut_connection
from flight_server.handlers.get import get
from flight_server.slots import Slots

ROWS = {"carrier": ["AA"], "distance": [1]}


class Hand:
    """A clock that stands where it was put, and the peers that were cut."""

    def __init__(self) -> None:
        self.now = 0.0
        self.cut: list[str] = []

    def slots(self, limit: int = 2) -> Slots:
        return Slots(limit, 10.0, cut=self._cut, clock=lambda: self.now)

    def _cut(self, peer: str) -> bool:
        self.cut.append(peer)
        return True


def test_nobody_is_cut_while_there_is_room_or_nobody_is_silent_for_long() -> None:
    hand = Hand()
    slots = hand.slots()
    with slots.call("a"):
        hand.now = 60.0
        with slots.call("b"), pytest.raises(ServingError), slots.call("c"):
            pass  # "a" alone is silent: cutting it is tried, but here it does not go away
    assert hand.cut == ["a"]
    hand.cut.clear()
    with slots.call("a"), slots.call("b"), pytest.raises(ServingError) as caught, slots.call("c"):
        pass
    assert caught.value.code == "busy"
    assert hand.cut == []


def test_a_connection_with_a_stream_at_work_is_not_cut() -> None:
    hand = Hand()
    slots = hand.slots(3)
    with slots.call("a"), slots.call("a") as working, slots.call("b") as touched, working.work():
        hand.now = 60.0
        touched.touch()
        with pytest.raises(ServingError), slots.call("c"):
            pass
        assert hand.cut == []
    assert slots.open == 0


def test_stopping_waits_for_work_but_not_for_silent_calls() -> None:
    slots = Slots(5, 10.0)
    with slots.call("a"):
        assert slots.stop(5.0)
    slots = Slots(5, 10.0)
    begun, ended = threading.Event(), threading.Event()

    def work() -> None:
        with slots.call("a") as call, call.work():
            begun.set()
            time.sleep(0.3)
        ended.set()

    threading.Thread(target=work).start()
    assert begun.wait(5)
    assert not slots.stop(0.05)
    assert slots.stop(5.0)
    assert ended.wait(5)
    with pytest.raises(ServingError, match="stopping"), slots.call("b"):
        pass


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_connection_is_cut_by_its_peer(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        server = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with server, socket.create_connection(server.getsockname()[:2]) as ours:
        theirs, address = server.accept()
        with theirs:
            shown = f"ipv6:%5B::1%5D:{address[1]}" if ":" in host else f"ipv4:{host}:{address[1]}"
            assert cut_connection(shown)
            ours.settimeout(5)
            assert ours.recv(1) == b""


@pytest.mark.parametrize("peer", ["", "unix:/x", "ipv4:127.0.0.1", "ipv4:127.0.0.1:1", "ipv4:x:y"])
def test_a_peer_that_is_not_there_is_not_cut(peer: str) -> None:
    assert not cut_connection(peer)


def test_a_silent_stream_makes_room_for_another_caller(start_server: StartServer) -> None:
    server = start_server(limits={"max_streams": 1, "idle_s": 0.5})
    with FeatureClient(server.url) as client, client.stream("flight_delay") as silent:
        silent.get(ROWS)
        time.sleep(0.7)
        code = (
            "import sys; sys.path.insert(0, {root!r});"
            "from featuresql.client import FeatureClient;"
            "print(FeatureClient({url!r}).get_online_features('flight_delay', {rows!r}).num_rows)"
        )

        run = subprocess.run(
            [sys.executable, "-c", code.format(root=str(ROOT), url=server.url, rows=ROWS)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.stdout.strip() == "1", run.stderr
        with pytest.raises(ServingError) as caught:
            silent.get(ROWS)
        assert caught.value.code in {"connection-lost", "stream-closed", "timeout"}
        with client.stream("flight_delay") as again:
            assert again.get(ROWS).num_rows == 1


def test_an_answer_that_nobody_reads_gives_its_place_back(serve_here: ServeHere) -> None:
    server, _ = serve_here()
    for call in (HistoricalCommand("flight_delay"), OnlineTicket("flight_delay", ROWS)):
        stream = get(server.context, ANYBODY, encode_command(call), "peer")
        assert server.context.slots.open == 1
        del stream
        gc.collect()
        assert server.context.slots.open == 0
    with pytest.raises(RequestError):
        get(server.context, ANYBODY, encode_command(OnlineTicket("flight_delay", {})), "peer")
    assert server.context.slots.open == 0


def test_an_answer_that_is_left_half_read_is_no_failure(serve_here: ServeHere) -> None:
    serving = FixedServing(delay_s=0.05)
    server, url = serve_here(serving)
    serving.own_rows = 1_000_000
    with flight.FlightClient(url) as plain:
        reader = plain.do_get(flight.Ticket(encode_command(HistoricalCommand("flight_delay"))))
        assert reader.read_chunk().data.num_rows > 0
        assert server.context.slots.open == 1
        reader.cancel()
        deadline = time.monotonic() + 10
        while server.context.slots.open and time.monotonic() < deadline:
            time.sleep(0.05)
    assert server.context.slots.open == 0
    assert server.context.counters.snapshot()["faults"] == {}


def test_a_silent_stream_is_left_alone_while_there_is_room(serve_here: ServeHere) -> None:
    _, url = serve_here(FixedServing(), limits=Limits(max_streams=3, idle_s=0.1))
    with FeatureClient(url) as client, client.stream("flight_delay") as silent:
        silent.get(ROWS)
        time.sleep(0.3)
        assert client.get_online_features("flight_delay", ROWS).num_rows == 1
        assert silent.get(ROWS).num_rows == 1
