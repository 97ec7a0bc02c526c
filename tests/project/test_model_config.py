import pytest

from featuresql.errors import FeatureSQLError, Location, ManyErrors, ProjectError
from featuresql.project.model_config import model_config
from featuresql.spec.model import ModelConfig

PLACE = Location("models/m.sql", 1, 4)
VIEW = {"kind": "feature_view", "entity": "carrier", "event_time": "event_ts"}
SERVICE = {"kind": "feature_service", "event_time": "departs_at"}


def errors_of(arguments: dict[str, object]) -> list[FeatureSQLError]:
    with pytest.raises(FeatureSQLError) as caught:
        model_config(arguments, PLACE)
    error = caught.value
    return list(error.errors) if isinstance(error, ManyErrors) else [error]


def test_nothing_said_is_a_staging_model() -> None:
    assert model_config({}, PLACE) == ModelConfig()


def test_a_feature_view_keeps_what_it_says() -> None:
    arguments = {
        **VIEW,
        "available_at": "known_at",
        "ttl": "1 day 12 hours",
        "materialized": "incremental",
        "interval": "1 day",
        "lookback": "2 hours",
        "description": "Delays.",
        "owner": "ops",
        "tags": ["a", "b"],
        "engines": ["duckdb"],
        "accept_leak": {"x": "the sensor is late by design"},
    }
    assert model_config(arguments, PLACE) == ModelConfig(
        kind="feature_view",
        entity="carrier",
        event_time="event_ts",
        available_at="known_at",
        ttl_us=129_600_000_000,
        materialized="incremental",
        interval_us=86_400_000_000,
        lookback_us=7_200_000_000,
        description="Delays.",
        owner="ops",
        tags=("a", "b"),
        engines=("duckdb",),
        accept_leak={"x": "the sensor is late by design"},
    )


def test_a_feature_service_keeps_what_it_says() -> None:
    arguments = {**SERVICE, "labels": ["arr_delay"], "request": ("distance",)}
    assert model_config(arguments, PLACE) == ModelConfig(
        kind="feature_service",
        event_time="departs_at",
        labels=("arr_delay",),
        request=("distance",),
    )


def test_a_staging_model_may_be_incremental() -> None:
    arguments = {"materialized": "incremental", "event_time": "ts", "interval": "1 hour"}
    config = model_config(arguments, PLACE)
    assert (config.kind, config.event_time, config.interval_us) == ("staging", "ts", 3_600_000_000)


@pytest.mark.parametrize(
    ("arguments", "code", "message", "hint"),
    [
        ({"knd": "staging"}, "unknown-argument", "unknown argument 'knd'", "did you mean 'kind'?"),
        (
            {"kind": "feature_veiw"},
            "wrong-value",
            "'kind': found 'feature_veiw', expected 'staging', 'feature_view', 'feature_service'",
            "did you mean 'feature_view'?",
        ),
        (
            {"materialized": "tabel"},
            "wrong-value",
            "'materialized': found 'tabel', expected 'view', 'table', 'incremental'",
            "did you mean 'table'?",
        ),
        ({**VIEW, "event_time": None}, "missing-key", "a feature_view needs 'event_time'", None),
        (
            {"kind": "feature_service"},
            "missing-key",
            "a feature_service needs 'event_time'",
            None,
        ),
        (
            {**VIEW, "labels": ["x"]},
            "wrong-kind",
            "a feature_view takes no 'labels'",
            "'labels' is for kind='feature_service'",
        ),
        ({**VIEW, "request": ["x"]}, "wrong-kind", "a feature_view takes no 'request'", None),
        (
            {**SERVICE, "entity": "carrier"},
            "wrong-kind",
            "a feature_service takes no 'entity'",
            "'entity' is for kind='feature_view'",
        ),
        ({**SERVICE, "ttl": "1 day"}, "wrong-kind", "a feature_service takes no 'ttl'", None),
        (
            {**SERVICE, "available_at": "x"},
            "wrong-kind",
            "a feature_service takes no 'available_at'",
            None,
        ),
        ({"entity": "carrier"}, "wrong-kind", "a staging takes no 'entity'", None),
        ({"ttl": "1 day"}, "wrong-kind", "a staging takes no 'ttl'", None),
        ({"labels": ["x"]}, "wrong-kind", "a staging takes no 'labels'", None),
        ({"available_at": "x"}, "wrong-kind", "a staging takes no 'available_at'", None),
        ({**VIEW, "ttl": "1 month"}, "not-a-duration", "has no fixed length", None),
        ({**VIEW, "ttl": "0 days"}, "not-a-duration", "greater than 0", None),
        ({**VIEW, "ttl": 7}, "wrong-type", "'ttl': found the number 7, expected text", None),
        ({**SERVICE, "labels": "x"}, "wrong-type", "'labels': found 'x', expected a list", None),
        ({**SERVICE, "labels": [1]}, "wrong-type", "'labels': found the number 1", None),
        ({**SERVICE, "labels": [""]}, "not-a-column", "a column's name is empty", None),
        ({**VIEW, "entity": "My Carrier"}, "not-an-identifier", "is no name", "'my_carrier'"),
        (
            {"materialized": "incremental", "interval": "1 day"},
            "missing-key",
            "materialized='incremental' needs 'event_time'",
            None,
        ),
        (
            {"materialized": "incremental", "event_time": "ts"},
            "missing-key",
            "materialized='incremental' needs 'interval'",
            None,
        ),
        (
            {**VIEW, "interval": "1 day"},
            "wrong-kind",
            "'interval' is for materialized='incremental' only",
            None,
        ),
        ({"lookback": "1 day"}, "wrong-kind", "'lookback' is for materialized=", None),
        ({**SERVICE, "labels": ["x", "x"]}, "duplicate-name", "'labels' names 'x' twice", None),
        (
            {**SERVICE, "labels": ["x"], "request": ["x"]},
            "duplicate-name",
            "'x' is both a label and a request column",
            None,
        ),
        (
            {**SERVICE, "labels": ["departs_at"]},
            "duplicate-name",
            "the event time 'departs_at' may not be one of 'labels'",
            None,
        ),
        ({"engines": ["postgres"]}, "wrong-value", "found 'postgres', expected 'duckdb'", None),
        ({"engines": []}, "wrong-type", "'engines': found a list, expected at least 1", None),
        ({**VIEW, "accept_leak": {"x": " "}}, "wrong-value", "no reason for 'x'", "say why"),
        ({"description": None}, "wrong-type", "'description': found nothing", None),
        ({"owner": "a\x1b[31m", "kind": 1}, "wrong-value", "'kind': found the number 1", None),
    ],
)
def test_a_wrong_argument_is_one_error_at_the_call(
    arguments: dict[str, object], code: str, message: str, hint: str | None
) -> None:
    (error,) = errors_of(arguments)
    assert isinstance(error, ProjectError)
    assert (error.code, error.location) == (code, PLACE)
    assert error.message.startswith("config(): ")
    assert message in error.message
    assert (hint or "") in (error.hint or "")


def test_all_wrong_arguments_are_named_at_once() -> None:
    errors = errors_of({"kind": "feature_view", "labels": ["x"], "lookback": "1 day"})
    assert [error.message for error in errors] == [
        "config(): a feature_view needs 'event_time'",
        "config(): a feature_view takes no 'labels'",
        "config(): 'lookback' is for materialized='incremental' only",
    ]
