from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from fixed_serving import DELAYS, FixedServing, flight_delay, own_spine
from pyarrow import flight
from serving_process import ServeHere

from featuresql.client import FeatureClient
from featuresql.errors import RequestError, ServingError, UsageError
from featuresql.wire.commands import (
    HistoricalCommand,
    OnlineCommand,
    OnlineTicket,
    encode_command,
)
from flight_server.config import Limits

INSTANT = datetime(2013, 7, 1, 12, tzinfo=UTC)
ROWS = {"carrier": ["UA", None, "ZZ", "AA"], "distance": [10, 20, 30, 40]}
DELAY = [-2.25, None, None, 1.5]


@pytest.fixture
def client(serve_here: ServeHere) -> Iterator[FeatureClient]:
    _, url = serve_here()
    with FeatureClient(url, timeout_s=10) as made:
        yield made


def test_one_row_is_answered_for_each_asked_in_order(client: FeatureClient) -> None:
    answer = client.get_online_features("flight_delay", ROWS, at=INSTANT)
    assert answer.schema == flight_delay().online
    assert answer["delay_mean"].to_pylist() == DELAY
    assert answer["delay_miles"].to_pylist() == [-22.5, None, None, 60.0]
    assert answer["departs_at"].to_pylist() == [INSTANT] * 4


@pytest.mark.parametrize(
    "rows",
    [
        pa.table(ROWS),
        pa.record_batch(ROWS),
        pl.DataFrame(ROWS),
        pd.DataFrame(ROWS),
        pa.table(
            {"distance": ROWS["distance"], "carrier": pa.array(ROWS["carrier"]).dictionary_encode()}
        ),
        pa.table(
            {"carrier": pa.array(ROWS["carrier"], pa.string_view()), "distance": ROWS["distance"]}
        ),
        pa.concat_tables([pa.table(ROWS).slice(0, 1), pa.table(ROWS).slice(1)]),
    ],
)
def test_every_kind_of_rows_gives_the_same_answer(client: FeatureClient, rows: object) -> None:
    answer = client.get_online_features("flight_delay", rows, at="2013-07-01T12:00:00")
    assert answer["delay_mean"].to_pylist() == DELAY


def test_rows_may_bring_their_own_instants(client: FeatureClient) -> None:
    rows = {
        "carrier": ["AA", "AA"],
        "distance": [1, 2],
        "departs_at": ["2013-07-01T12:00:00", None],
    }
    answer = client.get_online_features("flight_delay", rows)
    assert answer["departs_at"].to_pylist() == [INSTANT, None]
    with pytest.raises(RequestError) as caught:
        client.get_online_features("flight_delay", rows, at=INSTANT)
    assert caught.value.code == "two-instants"


def test_without_an_instant_the_present_is_answered(client: FeatureClient) -> None:
    before = datetime.now(UTC)
    answer = client.get_online_features("flight_delay", ROWS)
    assert before <= answer["departs_at"][0].as_py() <= datetime.now(UTC)


def test_no_rows_and_null_columns_have_answers(client: FeatureClient) -> None:
    nothing = client.get_online_features("flight_delay", {"carrier": [], "distance": []})
    assert (nothing.num_rows, nothing.schema) == (0, flight_delay().online)
    nulls = client.get_online_features("flight_delay", {"carrier": [None], "distance": [None]})
    assert nulls["delay_mean"].to_pylist() == [None]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ({"carier": ["AA"], "distance": [1]}, "unknown-column"),
        ({"carrier": ["AA"]}, "missing-column"),
        ({"carrier": [1], "distance": [1]}, "wrong-type"),
        ({"carrier": ["AA"], "distance": [2**40]}, "lossy-value"),
        (7, "rows"),
    ],
)
def test_rows_that_do_not_fit_are_refused_and_the_stream_goes_on(
    client: FeatureClient, rows: object, code: str
) -> None:
    with client.stream("flight_delay") as stream:
        for _ in range(2):
            with pytest.raises(RequestError) as caught:
                stream.get(rows)
            assert caught.value.code == code
            assert stream.get(ROWS)["delay_mean"].to_pylist() == DELAY


def test_an_unknown_service_is_named(client: FeatureClient) -> None:
    for ask in (client.stream, lambda name: client.get_online_features(name, ROWS)):
        with pytest.raises(RequestError) as caught:
            ask("flight_dealy")
        assert caught.value.code == "unknown-service"
        assert caught.value.hint == "did you mean 'flight_delay'?"
    with pytest.raises(RequestError, match="flight_dealy"):
        client.get_historical_features("flight_dealy")


def test_a_stream_answers_many_batches_each_with_its_own_instant(client: FeatureClient) -> None:
    with client.stream("flight_delay") as stream:
        for number in range(300):
            at = datetime(2013, 7, 1, 0, number % 60, tzinfo=UTC)
            rows = {"carrier": ["AA"] * (number % 7), "distance": list(range(number % 7))}
            answer = stream.get(rows, at=at)
            assert answer["departs_at"].to_pylist() == [at] * (number % 7)


def test_one_stream_takes_rows_with_and_without_instants(client: FeatureClient) -> None:
    with_instants = {**ROWS, "departs_at": [INSTANT] * 4}
    with client.stream("flight_delay") as stream:
        for rows, at in [(ROWS, INSTANT), (with_instants, None), (ROWS, INSTANT)]:
            assert stream.get(rows, at)["departs_at"].to_pylist() == [INSTANT] * 4


def test_more_rows_than_a_message_holds_are_split_and_put_together(serve_here: ServeHere) -> None:
    _, url = serve_here(limits=Limits(max_rows=100))
    carriers = [DELAYS["carrier"][i % 3].as_py() for i in range(1_050)]
    rows = {"carrier": carriers, "distance": list(range(1_050))}
    with FeatureClient(url) as client, client.stream("flight_delay") as stream:
        for answer in (stream.get(rows), client.get_online_features("flight_delay", rows)):
            assert answer.num_rows == 1_050
            assert answer["delay_miles"][3].as_py() == 4.5
        training = client.get_historical_features("flight_delay", own_spine(1_050))
    assert training["flight_id"].to_pylist() == list(range(1_050))


def test_large_answers_come_in_pieces_of_two_megabytes(client: FeatureClient) -> None:
    rows = pa.table({"carrier": ["AA"] * 100_000, "distance": range(100_000)})
    answer = client.get_online_features("flight_delay", rows)
    assert answer.num_rows == 100_000
    chunks = answer["delay_mean"].chunks
    assert len(chunks) > 1
    assert all(len(chunk) * 24 <= 2 << 20 for chunk in chunks)


def test_a_training_set_has_the_spines_rows_in_order(client: FeatureClient) -> None:
    spine = own_spine(25_000)
    answer = client.get_historical_features("flight_delay", spine)
    assert answer.schema == flight_delay().historical
    assert answer["flight_id"].equals(spine["flight_id"])
    assert answer["delay_mean"][0].as_py() == 1.5
    replay = client.get_historical_features("flight_delay", spine, known_at="2013-01-01")
    assert replay["delay_mean"].null_count == 25_000
    assert client.get_historical_features("flight_delay").num_rows == 1_000


def test_a_spine_without_rows_gives_an_empty_training_set(client: FeatureClient) -> None:
    answer = client.get_historical_features("flight_delay", own_spine(0))
    assert (answer.num_rows, answer.schema) == (0, flight_delay().historical)


def test_a_spine_that_does_not_fit_is_refused(client: FeatureClient) -> None:
    with pytest.raises(RequestError) as caught:
        client.get_historical_features("flight_delay", {"flight_id": [1]})
    assert caught.value.code == "missing-column"


def test_a_failure_in_the_middle_of_a_training_set_is_an_error_and_no_short_answer(
    client: FeatureClient,
) -> None:
    spine = own_spine(30_000).set_column(0, "flight_id", pa.array([-1] * 30_000, pa.int64()))
    with pytest.raises(ServingError) as caught:
        client.get_historical_features("flight_delay", spine)
    assert caught.value.code == "internal"


def test_any_flight_client_can_get_by_ticket(serve_here: ServeHere) -> None:
    _, url = serve_here()
    with flight.FlightClient(url) as plain:
        online = OnlineTicket(
            "flight_delay", {"carrier": ["AA", None], "distance": [2, 3]}, INSTANT
        )
        answer = plain.do_get(flight.Ticket(encode_command(online))).read_all()
        assert answer["delay_miles"].to_pylist() == [3.0, None]
        info = plain.get_flight_info(flight.FlightDescriptor.for_path("flight_delay"))
        training = plain.do_get(info.endpoints[0].ticket).read_all()
        assert training.schema == info.schema
        assert training.num_rows == 1_000


def test_the_catalog_tells_services_and_schemas(
    serve_here: ServeHere, client: FeatureClient
) -> None:
    assert client.services()["flight_delay"] == flight_delay()
    _, url = serve_here()
    with flight.FlightClient(url) as plain:
        for command, schema in (
            (OnlineCommand("flight_delay"), flight_delay().online),
            (HistoricalCommand("flight_delay"), flight_delay().historical),
        ):
            descriptor = flight.FlightDescriptor.for_command(encode_command(command))
            assert plain.get_schema(descriptor).schema == schema
            assert plain.get_flight_info(descriptor).schema == schema
        assert {action.type for action in plain.list_actions()} == {
            "health",
            "readiness",
            "reload",
            "statistics",
        }


def test_the_request_id_is_echoed_with_every_piece(serve_here: ServeHere) -> None:
    _, url = serve_here()
    with flight.FlightClient(url) as plain:
        descriptor = flight.FlightDescriptor.for_command(
            encode_command(OnlineCommand("flight_delay"))
        )
        writer, reader = plain.do_exchange(descriptor)
        request = pa.record_batch({"carrier": ["AA"] * 100_000, "distance": range(100_000)})
        writer.begin(request.schema)
        writer.write_with_metadata(request, b'{"id": "my own"}')
        seen, rows = [], 0
        while rows < 100_000:
            chunk = reader.read_chunk()
            rows += chunk.data.num_rows
            seen.append(chunk.app_metadata.to_pybytes())
        assert len(seen) > 1
        assert seen[:-1] == [b'{"id": "my own", "more": true}'] * (len(seen) - 1)
        assert seen[-1] == b'{"id": "my own", "more": false}'
        writer.close()


def test_actions_tell_how_the_server_is(serve_here: ServeHere) -> None:
    serving = FixedServing()
    _, url = serve_here(serving)

    def act(name: str, body: bytes = b"") -> dict[str, object]:
        return json.loads(next(iter(plain.do_action((name, body)))).body.to_pybytes())

    with flight.FlightClient(url) as plain, FeatureClient(url) as client:
        client.get_online_features("flight_delay", ROWS)
        assert client.health() == {"status": "ok"}
        assert act("readiness") == {"status": "ready"}
        assert act("reload")["status"] == "ok"
        statistics = act("statistics")
        assert statistics["server"]["requests"] == 1
        assert statistics["server"]["rows"] == 4
        assert statistics["serving"] == {"views": {"carrier_delay": {"rows": 4}}}
        with pytest.raises(flight.FlightError, match="reload-failed") as caught:
            act("reload")
        assert "secret" not in str(caught.value)
        with pytest.raises(flight.FlightError, match="did you mean 'reload'"):
            act("relod")
        with pytest.raises(flight.FlightError, match="takes no body"):
            act("health", b"x")


def test_pushed_rows_are_refused_clearly(serve_here: ServeHere) -> None:
    _, url = serve_here()
    with flight.FlightClient(url) as plain, pytest.raises(flight.FlightError, match="no-put"):  # noqa: PT012 - any may tell
        writer, _ = plain.do_put(
            flight.FlightDescriptor.for_path("x"), pa.schema([("a", pa.int8())])
        )
        writer.write_batch(pa.record_batch({"a": pa.array([1], pa.int8())}))
        writer.close()


def test_many_clients_at_once_get_their_own_answers(serve_here: ServeHere) -> None:
    _, url = serve_here()

    def ask(number: int) -> list[float]:
        with FeatureClient(url) as client, client.stream("flight_delay") as stream:
            return [
                stream.get({"carrier": ["AA"], "distance": [number * 100 + i]})["delay_miles"][
                    0
                ].as_py()
                for i in range(30)
            ]

    with ThreadPoolExecutor(8) as pool:
        for number, answers in enumerate(pool.map(ask, range(16))):
            assert answers == [1.5 * (number * 100 + i) for i in range(30)]


def test_threads_may_share_a_client_and_a_stream(client: FeatureClient) -> None:
    stream = client.stream("flight_delay")

    def ask(number: int) -> tuple[float, float]:
        rows = {"carrier": ["AA"], "distance": [number]}
        one = client.get_online_features("flight_delay", rows)
        return one["delay_miles"][0].as_py(), stream.get(rows)["delay_miles"][0].as_py()

    with stream, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(80))) == [(1.5 * i, 1.5 * i) for i in range(80)]


def test_a_reload_with_other_columns_ends_streams_and_is_seen_by_the_next(
    serve_here: ServeHere,
) -> None:
    serving = FixedServing()
    _, url = serve_here(serving)
    with FeatureClient(url) as client, client.stream("flight_delay") as stream:
        stream.get(ROWS)
        base = flight_delay()
        wide = base.request.append(pa.field("extra", pa.int8()))
        serving.replace(replace(base, request=wide))
        with pytest.raises(RequestError, match="lacks the column 'extra'"):
            stream.get(ROWS)
        answer = client.get_online_features("flight_delay", {**ROWS, "extra": [1, 2, 3, 4]})
        assert answer["delay_mean"].to_pylist() == DELAY
        renamed = base.online.set(1, pa.field("delay", pa.float64()))
        serving.replace(replace(base, online=renamed))
        with pytest.raises(ServingError) as caught:
            stream.get(ROWS)
        assert caught.value.code == "service-changed"
        with pytest.raises(ServingError) as caught:
            stream.get(ROWS)
        assert caught.value.code == "stream-closed"
        assert client.get_online_features("flight_delay", ROWS).schema == renamed


def test_a_closed_stream_says_so_and_closing_twice_is_fine(client: FeatureClient) -> None:
    stream = client.stream("flight_delay")
    stream.get(ROWS)
    stream.close()
    stream.close()
    with pytest.raises(ServingError, match="closed by its user"):
        stream.get(ROWS)


def test_closing_a_stream_gives_its_thread_and_place_back(serve_here: ServeHere) -> None:
    server, url = serve_here()
    with FeatureClient(url) as client:
        for _ in range(20):
            with client.stream("flight_delay") as stream:
                stream.get(ROWS)
        assert server.context.slots.open == 0
    assert sum(thread.name.startswith("Thread") for thread in threading.enumerate()) < 10


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8815", "http://x:1", "grpc://", "grpc://x", "grpc://x:y"]
)
def test_a_url_that_names_no_server_is_wrong_usage(url: str) -> None:
    with pytest.raises(UsageError, match="names no server"):
        FeatureClient(url)
