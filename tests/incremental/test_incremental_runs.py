"""Whatever happens between runs, an incremental model has the rows of one that is built whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from incremental_shop import (
    INCREMENTAL,
    MODELS,
    START,
    VIEWS,
    WHOLE,
    event_time,
    write_orders,
    write_project,
    write_rates,
    write_regions,
)

from featuresql.bootstrap import open_workspace
from featuresql.engines.duckdb_session import DuckDBSession
from featuresql.plan.find_chunks import Named
from featuresql.registry.sql_registry import SqlRegistry
from featuresql.workflows.run_models import run_models
from featuresql.workflows.workspace import Workspace

ALL_INCREMENTAL = " ".join(INCREMENTAL)
HOURS = st.sampled_from([-30, -0.5, 0, 1, 23.5, 24, 25, 47.75, 48, 70, 72, 73, 95])
CUSTOMERS = st.sampled_from([1, 1, 2, None])
# Sums of these are exact, in whatever order.
AMOUNTS = st.sampled_from([0.0, -0.0, 1.0, 2.5, -8.0, None])
ORDER = st.tuples(
    CUSTOMERS,
    st.one_of(HOURS, HOURS, HOURS, st.none()),
    st.sampled_from([None, 0, 0.5, 3, 26, 60]),
    AMOUNTS,
)
RATE = st.tuples(HOURS, st.sampled_from([1.0, 2.0, -0.0, None]))


class KilledError(BaseException):
    """Stands for the end of the process: nothing catches it."""


@dataclass
class Shop:
    """The sources as they are, and the project on disk."""

    root: Path
    orders: list[tuple] = field(default_factory=list)
    rates: list[tuple] = field(default_factory=list)
    regions: list[tuple] = field(default_factory=list)
    made: int = 0

    def write(self) -> None:
        write_orders(self.root, self.orders)
        write_rates(self.root, self.rates)
        write_regions(self.root, self.regions)

    def order(self, drawn: tuple) -> tuple:
        customer, hour, delay, amount = drawn
        self.made += 1
        paid = None if hour is None or delay is None else hour + delay
        return self.made, customer, hour, paid, amount


@contextmanager
def killed_after(calls: int) -> Iterator[None]:
    """End the process, so to speak, before or after one of its writes."""
    left = [calls]

    def dying(write: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object) -> object:
            left[0] -= 1
            if left[0] == 0:
                raise KilledError
            result = write(*args)
            left[0] -= 1
            if left[0] == 0:
                raise KilledError
            return result

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DuckDBSession, "execute", dying(DuckDBSession.execute))
        for name in ("record_interval", "record_ledger", "forget_intervals"):
            patch.setattr(SqlRegistry, name, dying(getattr(SqlRegistry, name)))
        yield


def rows_of(workspace: Workspace, query: str) -> Counter[str]:
    with workspace.engine.session() as session:
        return Counter(map(repr, session.query(query).read_all().to_pylist()))


def check_same(workspace: Workspace) -> None:
    """Compare every incremental model, and what searches read of it, with the whole one."""
    run_models(workspace)
    for name in INCREMENTAL:
        whole = f'FROM "{name}{WHOLE}" WHERE "{event_time(name)}" IS NOT NULL'
        assert rows_of(workspace, f'FROM "{name}"') == rows_of(workspace, whole), name
    for name in VIEWS:
        found, expected = (
            rows_of(
                workspace,
                f"SELECT p.* EXCLUDE (__row), h.* EXCLUDE (__row), h.__row IS NULL "
                f'FROM as_of."{view}" p LEFT JOIN history."{view}" h ON h.__row = p.__row',
            )
            for view in (name, name + WHOLE)
        )
        assert found == expected, name


OPERATIONS = st.one_of(
    st.tuples(st.just("add"), ORDER),
    st.tuples(st.just("add"), ORDER),
    st.tuples(st.just("change"), st.integers(0, 30), ORDER),
    st.tuples(st.just("remove"), st.integers(0, 30)),
    st.tuples(st.just("rate"), RATE),
    st.tuples(st.just("region"), st.sampled_from([(1, "north"), (2, "south")])),
    st.tuples(st.just("run")),
    st.tuples(st.just("refresh")),
    st.tuples(st.just("backfill"), st.integers(-2, 5), st.integers(1, 3)),
    st.tuples(st.just("killed"), st.integers(1, 120)),
)


def happen(shop: Shop, workspace: Workspace, operation: tuple) -> None:
    what, *rest = operation
    if what in {"run", "refresh", "backfill", "killed"}:
        run_somehow(workspace, what, rest)
        return
    if what == "add":
        shop.orders.append(shop.order(rest[0]))
    elif what == "rate":
        shop.rates.append(rest[0])
    elif what == "region":
        shop.regions.append(rest[0])
    elif shop.orders:
        at = rest[0] % len(shop.orders)
        shop.orders[at : at + 1] = [shop.order(rest[1])] if what == "change" else []
    shop.write()


def run_somehow(workspace: Workspace, what: str, rest: list) -> None:
    if what == "backfill":
        start = START + timedelta(days=rest[0], hours=7)
        named = Named(start, start + timedelta(days=rest[1]))
        run_models(workspace, ALL_INCREMENTAL, named=named)
    elif what == "killed":
        with killed_after(rest[0]), suppress(KilledError):
            run_models(workspace, ALL_INCREMENTAL)
    else:
        run_models(workspace, ALL_INCREMENTAL, full_refresh=what == "refresh")


HISTORY = st.tuples(
    st.lists(ORDER, max_size=10), st.lists(RATE, max_size=4), st.lists(OPERATIONS, max_size=7)
)
UNHURRIED = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@settings(UNHURRIED, max_examples=8)
@given(history=HISTORY)
def test_any_order_of_runs_backfills_kills_and_late_data(
    tmp_path_factory: pytest.TempPathFactory, history: tuple
) -> None:
    live_through(tmp_path_factory.mktemp("shop") / "p", *history)


@pytest.mark.long
@settings(UNHURRIED, max_examples=300)
@given(history=HISTORY)
def test_many_orders_of_runs_backfills_kills_and_late_data(
    tmp_path_factory: pytest.TempPathFactory, history: tuple
) -> None:
    live_through(tmp_path_factory.mktemp("shop") / "p", *history)


def live_through(root: Path, first: list, rates: list, operations: list) -> None:
    shop = Shop(root, rates=rates)
    write_project(shop.root)
    shop.orders = [shop.order(drawn) for drawn in first]
    shop.write()
    workspace = open_workspace(shop.root)
    for operation in operations:
        happen(shop, workspace, operation)
    check_same(workspace)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path / "p", rates=[(3, 1.0), (60, 2.0)], regions=[(1, "north")])
    write_project(made.root)
    drawn = [(1 + n % 2, n * 5.5, n % 4 * 9, float(n % 3)) for n in range(20)]
    made.orders = [made.order(order) for order in drawn]
    made.write()
    return made


def intervals_built(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[int]]:
    """Run, and return the days of the intervals that were built, by model."""
    built: dict[str, list[int]] = {}
    record = SqlRegistry.record_interval

    def note(self: SqlRegistry, relation: str, start_us: int, seen: str | None) -> None:
        day = start_us // 86_400_000_000 - 19_723  # the first of 2024
        built.setdefault(relation.split(".")[1].rsplit("__", 1)[0], []).append(day)
        record(self, relation, start_us, seen)

    with monkeypatch.context() as patch:
        patch.setattr(SqlRegistry, "record_interval", note)
        run_models(workspace, ALL_INCREMENTAL)
    return built


def test_only_what_a_late_row_touches_is_built_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = open_workspace(shop.root)
    assert intervals_built(workspace, monkeypatch)["rolling"] == [0, 1, 2, 3, 4]
    assert intervals_built(workspace, monkeypatch) == {}
    shop.orders.append(shop.order((1, 26, 60, 4.0)))
    shop.write()
    built = intervals_built(workspace, monkeypatch)
    assert built["rolling"] == [1, 2, 3]  # 30 hours after the second day begins the fourth
    assert built["daily"] == [1, 2]
    assert "simple_view" not in built
    check_same(workspace)


def test_a_name_shows_a_backfilled_part_only_where_it_shows_nothing_yet(shop: Shop) -> None:
    workspace = open_workspace(shop.root)
    first_day = Named(START, START + timedelta(days=1))
    run_models(workspace, "rolling", named=first_day)
    part = rows_of(workspace, "FROM rolling")
    assert 0 < part.total() < 20
    run_models(workspace, "rolling")
    whole = rows_of(workspace, "FROM rolling")
    path = shop.root / "models/rolling.sql"
    path.write_text(path.read_text().replace("30 hours", "31 hours"))
    run_models(open_workspace(shop.root), "rolling", named=first_day)
    assert rows_of(workspace, "FROM rolling") == whole


def test_a_full_refresh_is_a_table_beside_the_old_one(shop: Shop) -> None:
    workspace = open_workspace(shop.root)
    run_models(workspace, "rolling")
    before = _tables(workspace)
    with killed_after(9), pytest.raises(KilledError):
        run_models(workspace, "rolling", full_refresh=True)
    assert before < _tables(workspace)
    assert rows_of(workspace, "FROM rolling").total() == 20
    check_same(workspace)


def test_a_lost_registry_costs_time_and_no_rows(shop: Shop) -> None:
    workspace = open_workspace(shop.root)
    run_models(workspace)
    for file in (shop.root / "target").glob("registry.db*"):
        file.unlink()
    shop.orders.pop()
    shop.write()
    check_same(open_workspace(shop.root))


def test_processes_that_are_killed_leave_what_the_next_one_mends(shop: Shop) -> None:
    random_ = random.Random(20_240_101)  # noqa: S311 - any instants will do, but the same ones
    command = [sys.executable, "-m", "featuresql", "run", "--project-dir", str(shop.root)]
    killed = 0
    for _ in range(4):
        shop.orders.append(shop.order((1, random_.randrange(90), 26, 1.0)))
        shop.write()
        process = subprocess.Popen(
            [*command, "--full-refresh"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(os.environ),
        )
        time.sleep(random_.uniform(0.8, 2.2))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed
    check_same(open_workspace(shop.root))


def _tables(workspace: Workspace) -> frozenset[tuple[str, str]]:
    with workspace.engine.session() as session:
        return session.relations()


def test_the_shop_has_models_of_every_kind() -> None:
    assert set(VIEWS) < set(INCREMENTAL) < set(MODELS)
