"""Whole queries over random small tables mean the same on both engines, or are refused."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from query_worlds import Queries, make_table
from two_engines import TwoEngines

QUERIES_A_WORLD = 6


@pytest.fixture(scope="module")
def engines() -> TwoEngines:
    return TwoEngines.open()


# A failure shows its tables and its query; to make them smaller takes minutes.
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(random=st.randoms(use_true_random=False))
def test_whole_queries_agree_or_are_refused(engines: TwoEngines, random: random.Random) -> None:
    for name in ("p", "q"):
        statement = make_table(random, name)
        note(statement)
        engines.duckdb.execute(statement)
        engines.add(name)
    for _ in range(QUERIES_A_WORLD):
        sql, _ = Queries(random).query(depth=2)
        note(sql)
        found = engines.compare(sql)
        assert found.verdict in {"equal", "refused"}, f"{sql}\n{found.detail}\n{found.sql}"
