"""The replay passes what is honest and fails what sees the future."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from flights_project import DELAY, MODELS, PROJECT, STAGING, build_project, flights, write_project

from featuresql.engines.duckdb_engine import DuckDBEngine
from featuresql.engines.duckdb_session import DuckDBSession
from featuresql.plan.select_models import select_models
from featuresql.quality.test_report import TestResult
from featuresql.workflows import test_models as verb
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.leakage_replay import leakage_replay
from featuresql.workflows.run_models import run_models
from featuresql.workflows.workspace import Workspace

VIEW = "{{ config(kind='feature_view', entity='carrier', event_time='event_ts') }}\n"
FROM = "from {{ ref('stg_flights') }}\n"
LEAKING = {
    "a value known at landing stamped at departure": (
        VIEW + "select carrier, departed_at as event_ts, delay as f " + FROM
    ),
    "a window over the whole partition": (
        VIEW
        + "select carrier, landed_at as event_ts, avg(delay) over (partition by carrier) as f "
        + FROM
    ),
    "lead": (
        VIEW
        + "select carrier, landed_at as event_ts, "
        + "lead(delay) over (partition by carrier order by landed_at, flight_id) as f "
        + FROM
    ),
    "a frame with following rows": (
        VIEW
        + "select carrier, landed_at as event_ts, sum(delay) over (partition by carrier "
        + "order by landed_at rows between 1 preceding and 1 following) as f "
        + FROM
    ),
    "a day's sum stamped at its beginning": (
        VIEW
        + "select carrier, date_trunc('day', landed_at) as event_ts, sum(delay) as f "
        + FROM
        + "group by 1, 2"
    ),
    "rows that only the newest of all keeps": (
        VIEW
        + "select carrier, landed_at as event_ts, delay as f "
        + FROM
        + "qualify row_number() over (partition by carrier order by landed_at desc, flight_id) = 1"
    ),
}


def only(workspace: Workspace, name: str) -> TestResult:
    compiled = compile_models(workspace)
    (result,) = leakage_replay(workspace, compiled, (name,))
    return result


class OneSession(DuckDBEngine):
    """An engine whose sessions are all one, so that what a replay leaves behind can be seen."""

    def __init__(self, engine: DuckDBEngine, session: DuckDBSession) -> None:
        self.__dict__.update(engine.__dict__)
        self.one = session

    @contextmanager
    def session(self) -> Iterator[DuckDBSession]:
        yield self.one


def replay_and_look(workspace: Workspace) -> tuple[TestResult, set[str]]:
    """Replay in a session that stays open, and return what is left in it."""
    compiled = compile_models(workspace)
    assert isinstance(workspace.engine, DuckDBEngine)
    with workspace.engine.session() as session:
        shared = replace(workspace, engine=OneSession(workspace.engine, session))
        (result,) = leakage_replay(shared, compiled, ("carrier_delay",))
        names = session.query("select table_name from information_schema.tables").read_all()
    return result, {name for name in names["table_name"].to_pylist() if "replay" in name}


@pytest.mark.parametrize("case", LEAKING)
def test_a_view_that_sees_the_future_fails(tmp_path: Path, case: str) -> None:
    workspace = build_project(tmp_path, models={"stg_flights": STAGING, "leaky": LEAKING[case]})

    result = only(workspace, "leaky")

    assert result.status == "fail"
    assert result.failures > 0
    header, *rows = result.rows_shown.splitlines()
    assert header.startswith("found in")
    assert 1 <= sum(row.startswith(("full build", "replay")) for row in rows) <= 5
    assert str(result.location) == "models/leaky.sql:1:1"


def test_views_that_see_only_the_past_pass(tmp_path: Path) -> None:
    workspace = build_project(tmp_path)

    result = only(workspace, "carrier_delay")

    assert (result.status, result.message) == ("pass", "")


def test_a_departure_stamped_with_its_availability_passes(tmp_path: Path) -> None:
    honest = (
        "{{ config(kind='feature_view', entity='carrier', event_time='event_ts', "
        "available_at='known_at') }}\n"
        "select carrier, departed_at as event_ts, landed_at as known_at, delay as f " + FROM
    )
    workspace = build_project(tmp_path, models={"stg_flights": STAGING, "honest": honest})

    assert only(workspace, "honest").status == "pass"


def test_a_view_over_a_view_is_replayed_through_its_as_of_join(tmp_path: Path) -> None:
    above = (
        VIEW + "select s.carrier, s.landed_at as event_ts, c.delay_mean as f "
        "from {{ ref('stg_flights') }} s left join {{ ref('carrier_delay') }} c "
        "on c.carrier = s.carrier"
    )
    workspace = build_project(tmp_path, models={**MODELS, "above": above})

    assert only(workspace, "above").status == "pass"


def test_a_view_over_a_leaking_view_fails_too(tmp_path: Path) -> None:
    above = (
        VIEW + "select s.carrier, s.landed_at as event_ts, c.f as g "
        "from {{ ref('stg_flights') }} s left join {{ ref('leaky') }} c on c.carrier = s.carrier"
    )
    models = {"stg_flights": STAGING, "leaky": LEAKING["lead"], "above": above}
    workspace = build_project(tmp_path, models=models)
    report = verb.test_models(workspace, leakage=True, fail_on_leak=False)

    assert {r.model: r.status for r in report.results} == {"leaky": "fail", "above": "fail"}


def test_null_and_nan_are_equal_to_themselves(tmp_path: Path) -> None:
    plain = (
        VIEW + "select carrier, landed_at as event_ts, flight_id as id, "
        "case when delay % 3 = 0 then null when delay % 3 = 1 then 'nan'::double else distance end "
        "as f, [delay, null] as l " + FROM
    )
    workspace = build_project(tmp_path, models={"stg_flights": STAGING, "plain": plain})

    assert only(workspace, "plain").status == "pass"


def test_a_row_that_is_there_once_more_is_found(tmp_path: Path) -> None:
    doubled = (
        VIEW + "select carrier, landed_at as event_ts, delay as f " + FROM + "union all "
        "select carrier, landed_at, delay "
        + FROM
        + "where delay = 0 and landed_at < (select max(landed_at) - interval '1 hour' "
        + FROM
        + ")"
    )
    workspace = build_project(tmp_path, models={"stg_flights": STAGING, "doubled": doubled})
    compiled = compile_models(workspace)

    results = leakage_replay(workspace, compiled, ("doubled",), instants=40)

    # A landing without delay is doubled an hour after it has become known.
    assert results[0].status == "fail"
    assert "full build" in results[0].rows_shown


def test_the_rounding_of_floats_is_a_warning(tmp_path: Path) -> None:
    rounding = (
        VIEW + "select carrier, landed_at as event_ts, flight_id as id, "
        "1.1 + (select count(*) " + FROM + ") * 1e-17::double * delay as f " + FROM
    )
    workspace = build_project(tmp_path, models={"stg_flights": STAGING, "rounding": rounding})

    result = only(workspace, "rounding")

    assert result.status == "warn"
    assert "rounding" in result.message


def test_static_sources_are_not_cut(tmp_path: Path) -> None:
    static = (
        VIEW + "select code as carrier, timestamp '2020-01-01' as event_ts, name as f "
        "from {{ source('places') }}"
    )
    workspace = build_project(tmp_path, models={"static": static})

    result = only(workspace, "static")

    assert result.status == "pass"
    assert "nothing to replay" in result.message


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_rows_pass(tmp_path: Path, rows: int) -> None:
    workspace = build_project(tmp_path, rows=flights(rows))

    assert only(workspace, "carrier_delay").status == "pass"


def test_rows_without_an_instant_do_not_count(tmp_path: Path) -> None:
    whole = flights(60)
    column = pa.array([None] * 20 + whole["landed_at"].to_pylist()[20:], pa.timestamp("us"))
    position = whole.schema.get_field_index("landed_at")
    workspace = build_project(tmp_path, rows=whole.set_column(position, "landed_at", column))

    assert only(workspace, "carrier_delay").status == "pass"


def test_what_is_not_built_cannot_be_replayed(tmp_path: Path) -> None:
    result = only(write_project(tmp_path), "carrier_delay")

    assert result.status == "error"
    assert "featuresql run" in (result.hint or "")


def test_a_view_built_from_another_text_cannot_be_replayed(tmp_path: Path) -> None:
    build_project(tmp_path)
    changed = {**MODELS, "carrier_delay": DELAY.replace("avg(delay)", "avg(delay + 1)")}
    workspace = write_project(tmp_path, models=changed)

    assert only(workspace, "carrier_delay").status == "error"
    run_models(workspace)
    assert only(workspace, "carrier_delay").status == "pass"


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    result, left = replay_and_look(build_project(tmp_path))

    assert (result.status, left) == ("pass", set())


def test_nothing_is_left_behind_by_a_failure(tmp_path: Path) -> None:
    workspace = build_project(tmp_path)
    with workspace.engine.session() as session:
        (name,) = [
            name
            for schema, name in session.relations()
            if schema == "versions" and re.fullmatch("carrier_delay__[0-9a-f]+", name)
        ]
        replaced = f"create or replace table versions.{name} as select 1 as a"
        session.execute([replaced])
    result, left = replay_and_look(workspace)

    assert (result.status, left) == ("error", set())


def test_the_replay_holds_for_any_seed(tmp_path: Path) -> None:
    workspace = build_project(tmp_path)
    compiled = compile_models(workspace)
    for seed in range(5):
        results = leakage_replay(workspace, compiled, ("carrier_delay",), seed=seed)
        assert [r.status for r in results] == ["pass"]


def test_only_selected_views_are_replayed(tmp_path: Path) -> None:
    workspace = build_project(tmp_path)
    compiled = compile_models(workspace)

    assert leakage_replay(workspace, compiled, ()) == ()
    assert "flight_delay" in select_models(compiled)
    report = verb.test_models(workspace, select="flight_delay", leakage=True)
    assert report.results == ()


def test_a_source_that_no_model_declares_available_is_cut_at_its_event_time(tmp_path: Path) -> None:
    """Without `available_at` the same value is honest, as far as anyone can tell."""
    project = PROJECT.replace(", available_at: landed_at", "")
    stamped = LEAKING["a value known at landing stamped at departure"]
    models = {"stg_flights": STAGING, "stamped": stamped}

    assert only(build_project(tmp_path, models=models, project=project), "stamped").status == "pass"


def test_a_source_that_vanishes_is_an_error_and_stops_no_other_test(tmp_path: Path) -> None:
    workspace = build_project(tmp_path)
    compiled = compile_models(workspace)
    (tmp_path / "places.parquet").unlink()
    (result,) = leakage_replay(workspace, compiled, ("carrier_delay",))

    assert result.status == "error"
    assert "places.parquet" in result.message


def test_rounding_hides_no_row_that_is_missing(tmp_path: Path) -> None:
    """Two rows of the full build become one in the replay, off by the last bits."""
    rows = "(select count(*) " + FROM + ")"
    doubled = (
        VIEW.replace("config(", "config(engines=['duckdb'], ")
        + f"select carrier, landed_at as event_ts, 1.1 + {rows} * 1e-17::double as f "
        "from (select carrier, landed_at, unnest(generate_series(1, "
        f"case when {rows} = 400 then 2 else 1 end)) as i {FROM}) as doubled"
    )
    workspace = build_project(tmp_path, models={"stg_flights": STAGING, "doubled": doubled})

    assert only(workspace, "doubled").status == "fail"
