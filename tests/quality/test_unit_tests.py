"""Unit tests of models: typed inputs, as-of joins, variables, and what a failure shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from flights_project import MODELS, PROJECT, STAGING, write_project

from featuresql.quality.test_report import TestResult
from featuresql.workflows import test_models as verb
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.unit_tests import run_unit_test

HEAD = "unit_tests:\n  - name: the_test\n"
DELAY_TEST = """    model: carrier_delay
    given:
      - input: ref('stg_flights')
        rows:
          - {carrier: null, landed_at: null, delay: null}
          - {carrier: AA, landed_at: "2024-01-01 10:00:00", delay: 1}
          - {carrier: AA, landed_at: 2024-01-01 10:30:00, delay: 2}
          - {carrier: AA, landed_at: "2024-01-01T12:30:00+01:00", delay: 4}
    expect:
      rows:
"""
DELAY_ROWS = [
    '{carrier: AA, event_ts: "2024-01-01 10:00:00", delay_mean: 1.0, landings: 1}',
    '{carrier: AA, event_ts: "2024-01-01 10:30:00", delay_mean: 1.5, landings: 2}',
    '{carrier: AA, event_ts: "2024-01-01 11:30:00", delay_mean: 3, landings: 2}',
    "{carrier: null, event_ts: null, delay_mean: null, landings: 1}",
]


def run(
    root: Path, test: str, models: dict[str, str] = MODELS, project: str = PROJECT
) -> TestResult:
    workspace = write_project(root, models=models, properties=HEAD + test, project=project)
    compiled = compile_models(workspace)
    return run_unit_test(workspace, compiled, compiled.project.unit_tests[0])


def rows(*lines: str) -> str:
    return "".join(f"          - {line}\n" for line in lines)


def test_the_right_rows_in_any_order_pass(tmp_path: Path) -> None:
    result = run(tmp_path, DELAY_TEST + rows(*reversed(DELAY_ROWS)))

    assert (result.status, result.message, str(result)) == (
        "pass",
        "",
        "pass: the_test of carrier_delay\n  at models/tests.yml:2:11",
    )


def test_only_the_named_columns_are_compared(tmp_path: Path) -> None:
    named = ["{landings: 1}", "{landings: 1}", "{landings: 2}", "{landings: 2}"]

    assert run(tmp_path, DELAY_TEST + rows(*named)).status == "pass"


def test_a_wrong_value_shows_what_is_missing_and_what_came(tmp_path: Path) -> None:
    wrong = DELAY_ROWS[1].replace("1.5", "1.50001")
    result = run(tmp_path, DELAY_TEST + rows(DELAY_ROWS[0], wrong, *DELAY_ROWS[2:]))

    assert result.status == "fail"
    assert result.message == "1 rows are missing, 1 are not expected"
    table = [line.split() for line in result.rows_shown.splitlines()]
    assert table[0] == ["row", "carrier", "event_ts", "delay_mean", "landings"]
    assert table[2:] == [
        ["missing", "AA", "2024-01-01", "10:30:00", "1.50001", "2"],
        ["unexpected", "AA", "2024-01-01", "10:30:00", "1.5", "2"],
    ]


@pytest.mark.parametrize("given", [DELAY_ROWS[:3], [*DELAY_ROWS, DELAY_ROWS[0]]])
def test_a_row_too_few_or_too_many_fails(tmp_path: Path, given: list[str]) -> None:
    result = run(tmp_path, DELAY_TEST + rows(*given))

    assert (result.status, result.failures) == ("fail", 1)


def test_no_rows_are_expected(tmp_path: Path) -> None:
    empty = DELAY_TEST.replace("rows:\n", "rows: []\n").split("          - ")[0]
    nothing = empty + "    expect:\n      rows: []\n"

    assert run(tmp_path, nothing).status == "pass"
    # Rows of which no column is named are compared whole.
    assert run(tmp_path, DELAY_TEST.removesuffix("rows:\n") + "rows: []\n").failures == 4


def test_variables_are_replaced(tmp_path: Path) -> None:
    longer = "    overrides: {vars: {hours: 24}}\n" + DELAY_TEST
    changed = DELAY_ROWS[2].replace(
        "delay_mean: 3, landings: 2", "delay_mean: 2.333333333333333, landings: 3"
    )

    assert run(tmp_path, longer + rows(*DELAY_ROWS[:2], changed, DELAY_ROWS[3])).status == "pass"
    assert run(tmp_path, longer + rows(*DELAY_ROWS)).status == "fail"


SERVICE_TEST = """    model: flight_delay
    given:
      - input: ref('stg_flights')
        rows:
          - {flight_id: before, carrier: AA, departed_at: "2024-01-01 09:59:59", distance: 10}
          - {flight_id: at, carrier: AA, departed_at: "2024-01-01 10:00:00", distance: 10}
          - {flight_id: later, carrier: AA, departed_at: "2024-01-01 11:00:00"}
          - {flight_id: edge, carrier: AA, departed_at: "2024-01-02 10:30:00"}
          - {flight_id: aged, carrier: AA, departed_at: "2024-01-02 10:30:00.000001"}
          - {flight_id: other, carrier: UA, departed_at: "2024-01-01 11:00:00"}
          - {flight_id: nobody, departed_at: "2024-01-01 11:00:00"}
      - input: ref('carrier_delay')
        rows:
          - {carrier: AA, event_ts: "2024-01-01 10:00:00", delay_mean: 1.5, landings: 1}
          - {carrier: AA, event_ts: "2024-01-01 10:30:00", delay_mean: 2.5, landings: 2}
          - {event_ts: "2024-01-01 10:30:00", delay_mean: 9, landings: 9}
    expect:
      rows:
        - {flight_id: before, delay_mean: null, delay_miles: null}
        - {flight_id: at, delay_mean: 1.5, delay_miles: 15}
        - {flight_id: later, delay_mean: 2.5, delay_miles: null}
        - {flight_id: edge, delay_mean: 2.5, delay_miles: null}
        - {flight_id: aged, delay_mean: null, delay_miles: null}
        - {flight_id: other, delay_mean: null, delay_miles: null}
        - {flight_id: nobody, delay_mean: null, delay_miles: null}
"""


def test_a_service_joins_the_given_rows_of_a_view_as_of(tmp_path: Path) -> None:
    result = run(tmp_path, SERVICE_TEST)

    assert result.status == "pass", str(result)


def test_a_service_fails_where_the_join_is_expected_to_be_another(tmp_path: Path) -> None:
    result = run(tmp_path, SERVICE_TEST.replace("edge, delay_mean: 2.5", "edge, delay_mean: null"))

    assert (result.status, result.failures) == ("fail", 2)


LATE = """
{{ config(kind='feature_view', entity='carrier', event_time='event_ts', available_at='known_at') }}
select carrier, departed_at as event_ts, landed_at as known_at, delay
from {{ ref('stg_flights') }}
"""
OVER_LATE = """
{{ config(kind='feature_view', entity='carrier', event_time='event_ts') }}
select s.carrier, s.landed_at as event_ts, l.delay, l.known_at as seen_at
from {{ ref('stg_flights') }} s left join {{ ref('late') }} l on l.carrier = s.carrier
"""


def test_the_availability_of_given_rows_counts_and_is_normalized(tmp_path: Path) -> None:
    test = """    model: over_late
    given:
      - input: ref('stg_flights')
        rows:
          - {carrier: AA, landed_at: "2024-01-01 11:00:00"}
          - {carrier: AA, landed_at: "2024-01-01 12:00:00"}
          - {carrier: UA, landed_at: "2024-01-01 12:00:00"}
      - input: ref('late')
        rows:
          - {carrier: AA, event_ts: 2024-01-01 09:00:00, known_at: 2024-01-01 01:00:00, delay: 1}
          - {carrier: AA, event_ts: 2024-01-01 10:00:00, known_at: 2024-01-01 11:30:00, delay: 2}
          - {carrier: UA, event_ts: "2024-01-01 10:00:00", delay: 3}
    expect:
      rows:
        - {carrier: AA, delay: 1, seen_at: "2024-01-01 09:00:00"}
        - {carrier: AA, delay: 2, seen_at: "2024-01-01 11:30:00"}
        - {carrier: UA, delay: 3, seen_at: "2024-01-01 10:00:00"}
"""
    models = {"stg_flights": STAGING, "late": LATE, "over_late": OVER_LATE}
    result = run(tmp_path, test, models)

    assert result.status == "pass", str(result)


def test_a_views_own_availability_is_normalized(tmp_path: Path) -> None:
    test = """    model: late
    given:
      - input: ref('stg_flights')
        rows:
          - {carrier: AA, departed_at: "2024-01-01 09:00:00", landed_at: "2024-01-01 08:00:00"}
          - {carrier: UA, departed_at: "2024-01-01 09:00:00"}
    expect:
      rows:
        - {carrier: AA, known_at: "2024-01-01 09:00:00"}
        - {carrier: UA, known_at: "2024-01-01 09:00:00"}
"""
    result = run(tmp_path, test, {"stg_flights": STAGING, "late": LATE})

    assert result.status == "pass", str(result)


TYPES = """
select f.flight_id, f.n, t.h, t.u, t.j, t.d, t.l, t.s, t.b
from {{ ref('things') }} t left join {{ source('flights') }} g on g.flight_id = t.u
left join (select flight_id, delay as n from {{ source('flights') }}) f on f.flight_id = 'x'
"""
THINGS = """
{{ config(engines=['duckdb']) }}
select 1::hugeint as h, 'a' as u, '{}'::json as j, 1.5::decimal(9,2) as d,
  [timestamp '2024-01-01'] as l, {'a': 1, 'b': timestamp '2024-01-01'} as s, 'x'::blob as b
"""


def test_every_type_goes_in_and_comes_out(tmp_path: Path) -> None:
    test = """    model: typed
    given:
      - input: ref('things')
        rows:
          - {u: null}
          - h: 123456789012345678901234567890
            u: b
            j: '{"a": 1}'
            d: 0.25
            l: ["2024-01-01 01:00:00+01:00", null]
            s: {b: 2024-01-01 10:00:00}
            b: xyz
      - input: source('flights')
        rows: []
    expect:
      rows:
        - {u: null, n: null}
        - h: 123456789012345678901234567890
          u: b
          j: '{"a": 1}'
          d: "0.25"
          l: ["2024-01-01 00:00:00", null]
          s: {a: null, b: 2024-01-01 10:00:00}
          b: xyz
"""
    result = run(tmp_path, test, {"things": THINGS, "typed": TYPES})

    assert result.status == "pass", str(result)


def test_a_time_of_a_source_is_utc_as_models_see_it(tmp_path: Path) -> None:
    project = PROJECT.replace(
        "event_time: departed_at", "timezone: Asia/Tokyo, event_time: departed_at"
    )
    test = """    model: stg_flights
    given:
      - input: source('flights')
        rows:
          - {flight_id: a, departed_at: "2024-01-01 09:00:00"}
      - input: source('places')
        rows: []
    expect:
      rows:
        - {flight_id: a, departed_at: "2024-01-01 09:00:00"}
"""
    result = run(tmp_path, test, {"stg_flights": STAGING}, project)

    assert result.status == "pass", str(result)


ONE = rows("{landings: 1}")
ERRORS = [
    (
        DELAY_TEST.replace("delay: 1}", "dely: 1}") + ONE,
        ("has no column 'dely'", "did you mean 'delay'", "models/tests.yml:5:"),
    ),
    (
        DELAY_TEST + rows("{landing: 1}"),
        ("has no column 'landing'", "did you mean 'landings'", "models/tests.yml:2:"),
    ),
    (DELAY_TEST + rows("{landings: one}"), ("row 1, 'landings'", "the text 'one'")),
    (
        DELAY_TEST.replace("delay: 2}", "delay: x}") + ONE,
        ("ref('stg_flights'), row 3, 'delay'", "expected BIGINT"),
    ),
    (
        "    model: stg_flights\n    expect: {rows: []}\n",
        ("reads source('flights'), source('places')", "'rows: []' gives none"),
    ),
    (
        DELAY_TEST.replace(
            "    given:\n", "    given:\n      - {input: source('places'), rows: []}\n"
        )
        + ONE,
        ("source('places'), which 'carrier_delay' does not read", "ref('stg_flights')"),
    ),
]


@pytest.mark.parametrize(("test", "said"), ERRORS)
def test_a_wrong_test_is_an_error_at_its_place(
    tmp_path: Path, test: str, said: tuple[str, ...]
) -> None:
    result = run(tmp_path, test)

    assert result.status == "error"
    for text in said:
        assert text in str(result)


def test_an_error_of_the_engine_is_the_tests(tmp_path: Path) -> None:
    models = {"stg_flights": "select cast(code as bigint) as n from {{ source('places') }}"}
    test = """    model: stg_flights
    given: [{input: source('places'), rows: [{code: x}]}]
    expect: {rows: []}
"""
    result = run(tmp_path, test, models)

    assert result.status == "error"
    assert "'x'" in result.message


def test_a_failing_test_stops_no_other(tmp_path: Path) -> None:
    second = SERVICE_TEST.replace("    model", "  - name: second\n    model", 1)
    third = DELAY_TEST.replace("    model", "  - name: third\n    model", 1) + rows(*DELAY_ROWS)
    properties = HEAD + DELAY_TEST + rows(DELAY_ROWS[0]) + second + third
    workspace = write_project(tmp_path, properties=properties)
    report = verb.test_models(workspace)

    assert [(r.name, r.status) for r in report.results] == [
        ("the_test", "fail"),
        ("second", "pass"),
        ("third", "pass"),
    ]
    assert not (tmp_path / "target" / "small.duckdb").exists()


def test_many_different_rows_show_five_of_each(tmp_path: Path) -> None:
    many = [f"{{carrier: AA, landings: {n}}}" for n in range(100, 108)]
    result = run(tmp_path, DELAY_TEST + rows(*many))

    assert result.failures == 8 + 4
    lines = result.rows_shown.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["missing"] * 5 + ["unexpected"] * 4 + ["…"]
    assert lines[-1] == "… and 3 more"
