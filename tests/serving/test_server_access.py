from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import flight
from serving_process import ServeHere

from featuresql.client import FeatureClient
from featuresql.errors import ServingError, UsageError
from featuresql.wire.commands import HistoricalCommand, OnlineCommand, encode_command
from flight_server.auth import Authenticator, Caller, Token, read_tokens

ROWS = {"carrier": ["AA"], "distance": [1]}
OPEN_SECRET, NARROW_SECRET = "open-sesame", "narrow-gate"
HASH = "a" * 64
ENTRY = f"{{sha256: {HASH}, name: n, services: []}}"


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.yml"
    path.write_text(
        f"""tokens:
  - {{sha256: {hash_of(OPEN_SECRET)}, name: keeper, services: ['*']}}
  - {{sha256: {hash_of(NARROW_SECRET).upper()}, name: team, services: [flight_delay]}}
"""
    )
    return path


@pytest.fixture
def url(serve_here: ServeHere, tokens: Path) -> str:
    return serve_here(auth_file=tokens)[1]


def options(*values: str) -> flight.FlightCallOptions:
    return flight.FlightCallOptions(
        timeout=10, headers=[(b"authorization", value.encode()) for value in values]
    )


def calls(
    plain: flight.FlightClient, opts: flight.FlightCallOptions
) -> dict[str, Callable[[], object]]:
    descriptor = flight.FlightDescriptor.for_path("flight_delay")
    online = flight.FlightDescriptor.for_command(encode_command(OnlineCommand("flight_delay")))
    ticket = flight.Ticket(encode_command(HistoricalCommand("flight_delay")))
    schema = pa.schema([("a", pa.int8())])
    return {
        "do_get": lambda: plain.do_get(ticket, opts).read_all(),
        "do_exchange": lambda: list(plain.do_exchange(online, opts)[1]),
        "do_put": lambda: plain.do_put(descriptor, schema, opts)[0].close() or None,
        "list_flights": lambda: list(plain.list_flights(options=opts)),
        "get_flight_info": lambda: plain.get_flight_info(descriptor, opts),
        "get_schema": lambda: plain.get_schema(descriptor, opts),
        "list_actions": lambda: plain.list_actions(opts),
        "reload": lambda: list(plain.do_action(("reload", b""), opts)),
        "statistics": lambda: list(plain.do_action(("statistics", b""), opts)),
        "unknown action": lambda: list(plain.do_action(("unknown", b""), opts)),
    }


@pytest.mark.parametrize(
    "values",
    [
        (),
        ("Bearer wrong",),
        ("Bearer ",),
        (OPEN_SECRET,),
        (f"Basic {OPEN_SECRET}",),
        (f"Bearer {OPEN_SECRET}", f"Bearer {OPEN_SECRET}"),
        (f"Bearer {hash_of(OPEN_SECRET)}",),
    ],
    ids=["absent", "wrong", "empty", "bare", "basic", "doubled", "hash"],
)
def test_no_call_is_answered_without_one_known_token(url: str, values: tuple[str, ...]) -> None:
    with flight.FlightClient(url) as plain:
        for name, call in calls(plain, options(*values)).items():
            with pytest.raises((flight.FlightError, OSError)) as caught:
                call()
            # Arrow's own get_schema raises OSError for every status that the server may give.
            is_refused = isinstance(caught.value, flight.FlightUnauthenticatedError)
            assert is_refused or (name == "get_schema" and "Unauthenticated" in str(caught.value))
            assert not any(leak in str(caught.value) for leak in ("Traceback", ".py", OPEN_SECRET))


def test_health_and_readiness_need_no_token(url: str) -> None:
    with flight.FlightClient(url) as plain:
        for name in ("health", "readiness"):
            assert next(iter(plain.do_action((name, b"")))).body.to_pybytes().startswith(b"{")
    with FeatureClient(url) as client:
        assert client.health() == {"status": "ok"}


def test_a_token_opens_the_services_on_its_list_and_no_others(url: str) -> None:
    with FeatureClient(url, NARROW_SECRET) as client:
        assert list(client.services()) == ["flight_delay"]
        assert client.get_online_features("flight_delay", ROWS).num_rows == 1
        assert client.get_historical_features("flight_delay").num_rows == 1_000
        told = []
        for service in ("fails_inside", "not_there_at_all"):
            for ask in (
                lambda name=service: client.get_online_features(name, ROWS),
                lambda name=service: client.get_historical_features(name),
                lambda name=service: client.stream(name),
            ):
                with pytest.raises(ServingError) as caught:
                    ask()
                assert caught.value.code == "unauthorized"
                told.append(str(caught.value).replace(service, "NAME"))
        assert len(set(told)) == 1


def test_a_foreign_service_and_one_that_is_not_there_look_the_same_to_any_client(url: str) -> None:
    with flight.FlightClient(url) as plain:
        opts = options(f"Bearer {NARROW_SECRET}")
        for call in (plain.get_flight_info, plain.get_schema):
            told = set()
            for name in ("fails_inside", "not_there_at_all"):
                with pytest.raises((flight.FlightError, pa.ArrowException)) as caught:
                    call(flight.FlightDescriptor.for_path(name), opts)
                told.add(str(caught.value).replace(name, "NAME"))
            assert len(told) == 1, told


def test_only_a_token_for_everything_may_reload_and_see_statistics(url: str) -> None:
    with flight.FlightClient(url) as plain:
        for name in ("reload", "statistics"):
            with pytest.raises(flight.FlightUnauthorizedError):
                list(plain.do_action((name, b""), options(f"Bearer {NARROW_SECRET}")))
            assert list(plain.do_action((name, b""), options(f"bearer {OPEN_SECRET}")))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tokens: []",
        "tokens: {a: 1}",
        "tokens: [7]",
        "tokens: [{sha256: abc, name: n, services: []}]",
        f"tokens: [{{sha256: {HASH}, name: n}}]",
        f"tokens: [{{sha256: {HASH}, name: n, services: x}}]",
        f"tokens: [{{sha256: {HASH}, name: '', services: []}}]",
        f"tokens: [{{sha256: {HASH}, name: n, services: [], extra: 1}}]",
        f"tokens: [{ENTRY}, {ENTRY}]",
        "tokens: [",
        "secret: !!python/object/apply:os.system ['true']",
    ],
)
def test_token_files_that_are_not_as_they_must_be_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokens.yml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_tokens(path)
    assert HASH not in str(caught.value)


def test_a_token_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_tokens(tmp_path / "none.yml")


def test_every_token_is_compared_whichever_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    monkeypatch.setattr(
        "flight_server.auth.hmac.compare_digest", lambda a, b: compared.append(a) or a == b
    )
    known = [Token(hash_of(str(n)), Caller(str(n), frozenset())) for n in range(3)]
    caller = Authenticator(known).authenticate({"authorization": ["Bearer 0"]})
    assert caller.name == "0"
    assert len(compared) == 3


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificate")
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext",
         "basicConstraints=critical,CA:TRUE", "-keyout", str(key), "-out", str(cert)],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return cert, key


def test_tls_and_tokens_work_together(
    serve_here: ServeHere, tokens: Path, certificate: tuple[Path, Path]
) -> None:
    cert, key = certificate
    _, url = serve_here(tls_cert=cert, tls_key=key, auth_file=tokens)
    assert url.startswith("grpc+tls://")
    with FeatureClient(url, NARROW_SECRET, tls_roots=cert) as client:
        assert client.get_online_features("flight_delay", ROWS).num_rows == 1
    with FeatureClient(url, NARROW_SECRET, timeout_s=3) as client:
        with pytest.raises(ServingError) as caught:
            client.get_online_features("flight_delay", ROWS)
        assert caught.value.code == "unreachable"
    with pytest.raises(UsageError, match="trusted authorities"):
        FeatureClient(url, tls_roots=cert.parent / "none.pem")


def test_a_certificate_that_cannot_be_read_ends_the_start(
    serve_here: ServeHere, tmp_path: Path
) -> None:
    with pytest.raises(ServingError) as caught:
        serve_here(tls_cert=tmp_path / "none", tls_key=tmp_path / "none")
    assert caught.value.code == "cannot-listen"
