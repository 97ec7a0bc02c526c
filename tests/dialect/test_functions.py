"""Each entry of the allow-list gives the same on both engines, in all its cases."""

from __future__ import annotations

import pytest
from two_engines import TwoEngines

from featuresql.compiler.clickhouse.allow_list import ENTRIES
from featuresql.compiler.clickhouse.emission import Emission
from featuresql.compiler.typing.function_table import FUNCTIONS

EMISSIONS = [entry for entry in ENTRIES if isinstance(entry, Emission)]
CASES = [(entry.name, case) for entry in EMISSIONS for case in entry.cases]


@pytest.mark.parametrize(("name", "case"), CASES, ids=[f"{n}: {c}" for n, c in CASES])
def test_both_engines_agree(value_engines: TwoEngines, name: str, case: str) -> None:
    query = case if case.upper().startswith(("SELECT", "WITH")) else f"SELECT n, {case} AS v FROM t"
    for table in ("t", "empty"):
        found = value_engines.compare(query.replace("FROM t", f"FROM {table} AS t"))
        assert found.verdict == "equal", f"{name}: {found.detail}\n{found.sql}"


def test_every_entry_has_cases() -> None:
    assert [entry.name for entry in EMISSIONS if not entry.cases] == []


def test_entries_are_functions_of_the_dialect_and_named_once() -> None:
    names = [entry.name for entry in ENTRIES]
    assert sorted(set(names)) == sorted(names)
    assert set(names) <= {function.name for function in FUNCTIONS}
