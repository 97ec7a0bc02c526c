"""Selecting by graph, config, state and result; taking a run up again; showing; cleaning."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from command_call import Call
from pyarrow import parquet


@pytest.fixture
def chain(shop: Path) -> Path:
    """A shop with four more models, one behind the other, and one that reads two of them."""
    before = "source('orders')"
    for name in ("a", "b", "c", "d"):
        tags = "['daily']" if name in {"b", "c"} else "[]"
        (shop / f"models/{name}.sql").write_text(
            f"{{{{ config(tags={tags}, materialized='table', owner='{name.upper()} team') }}}}\n"
            f"select order_id from {{{{ {before} }}}}"
        )
        before = f"ref('{name}')"
    (shop / "models/side.sql").write_text(
        "select c.order_id from {{ ref('c') }} c join {{ ref('placed_orders') }} o on true"
    )
    return shop


def listed(call: Call, project: Path, *words: str) -> set[str]:
    ended = call("ls", "--project-dir", project, "--output", "json", *words)
    assert ended.code == 0, ended.err
    return {model["name"] for model in json.loads(ended.out)["models"]}


@pytest.mark.parametrize(
    ("select", "names"),
    [
        ("b", "b"),
        ("+b", "a b"),
        ("b+", "b c d side"),
        ("1+c", "b c"),
        ("a+1", "a b"),
        ("1+c+1", "b c d side"),
        ("@d", "a b c d"),
        ("@c", "a b c d side placed_orders"),
        ("tag:daily", "b c"),
        ("tag:dai*", "b c"),
        ("tag:daily,+b", "b"),
        ("a b,c d", "a d"),
        ("config.materialized:table,path:models/?.sql", "a b c d"),
        ("config.owner:a*", "a"),
        ("source:orders,kind:staging", "a placed_orders"),
        ("[ab]", "a b"),
    ],
)
def test_words_select_as_in_dbt(chain: Path, call: Call, select: str, names: str) -> None:
    assert listed(call, chain, "--select", select) == set(names.split())


@pytest.mark.parametrize(
    ("select", "said"),
    [
        ("config.ownr:x", "did you mean 'owner'?"),
        ("stat:new", "did you mean 'state'?"),
        ("state:modifed", "did you mean 'modified'?"),
        ("state:new", "--state DIR"),
        ("result:error", "run_results.json"),
        ("@a+", "@model"),
        ("customer_order", "did you mean 'customer_orders'?"),
    ],
)
def test_words_that_name_nothing_say_what_there_is(
    chain: Path, call: Call, select: str, said: str
) -> None:
    ended = call("ls", "--project-dir", chain, "--select", select)
    assert ended.code == 1
    assert said in ended.err


def test_only_what_has_changed_itself_is_modified(chain: Path, call: Call, tmp_path: Path) -> None:
    assert call("compile", "--project-dir", chain).code == 0
    shutil.copytree(chain / "target", tmp_path / "state")
    state = ("--state", str(tmp_path / "state"))
    ended = call("run", "--project-dir", chain, "--select", "state:modified", *state)
    assert ended.code == 0
    assert "the selection is empty" in ended.err
    path = chain / "models/b.sql"
    path.write_text(path.read_text().replace("order_id from", "order_id + 1 as order_id from"))
    (chain / "models/e.sql").write_text("select 1 as x from {{ ref('a') }}")
    path = chain / "models/c.sql"
    path.write_text("-- a comment\n" + path.read_text())
    assert listed(call, chain, "--select", "state:modified", *state) == {"b", "e"}
    assert listed(call, chain, "--select", "state:new", *state) == {"e"}
    assert listed(call, chain, "--select", "state:modified+", *state) == {
        "b",
        "c",
        "d",
        "e",
        "side",
    }


def test_a_state_of_something_else_is_refused(chain: Path, call: Call, tmp_path: Path) -> None:
    for text in (None, "no json", '{"project": "other", "nodes": {}}'):
        if text is not None:
            (tmp_path / "manifest.json").write_text(text)
        where = ("--project-dir", chain, "--select", "state:new", "--state", tmp_path)
        ended = call("ls", *where)
        assert ended.code == 1
        assert ended.err.startswith("state: ")


def results(project: Path) -> dict[str, str]:
    document = json.loads((project / "target/run_results.json").read_text())
    return {result["model"]: result["status"] for result in document["results"]}


def break_model(project: Path, name: str) -> None:
    """Let it fail when it runs, not when it is compiled."""
    path = project / f"models/{name}.sql"
    path.write_text(
        path.read_text().replace(
            "order_id from", "cast('x' || order_id as bigint) as order_id from"
        )
    )


def mend_model(project: Path, name: str) -> None:
    path = project / f"models/{name}.sql"
    path.write_text(
        path.read_text().replace("cast('x' || order_id as bigint) as order_id", "order_id")
    )


def test_retry_takes_up_what_failed_and_what_was_skipped(chain: Path, call: Call) -> None:
    break_model(chain, "b")
    assert call("run", "--project-dir", chain).code == 1
    before = results(chain)
    assert before["a"] == "built"
    assert before["b"] == "failed"
    assert {before["c"], before["d"], before["side"]} == {"skipped"}
    assert listed(call, chain, "--select", "result:error") == {"b"}
    assert listed(call, chain, "--select", "result:skipped") == {"c", "d", "side"}
    assert call("retry", "--project-dir", chain).code == 1
    assert set(results(chain)) == {"b", "c", "d", "side"}
    mend_model(chain, "b")
    ended = call("retry", "--project-dir", chain)
    assert ended.code == 0, ended.err
    assert set(results(chain).values()) == {"built"}
    assert "nothing failed" in call("retry", "--project-dir", chain).err


def test_fail_fast_leaves_the_rest_for_retry(chain: Path, call: Call) -> None:
    break_model(chain, "a")
    assert call("run", "--project-dir", chain, "--fail-fast").code == 1
    found = results(chain)
    assert [name for name, status in found.items() if status == "failed"] == ["a"]
    order = list(found)
    assert {found[name] for name in order[order.index("a") + 1 :]} == {"skipped"}
    mend_model(chain, "a")
    assert call("retry", "--project-dir", chain).code == 0
    assert call("run", "--project-dir", chain).code == 0
    assert set(results(chain).values()) == {"kept"}


def test_retry_without_a_run_is_an_error(shop: Path, call: Call) -> None:
    ended = call("retry", "--project-dir", shop)
    assert ended.code == 2
    assert "featuresql run" in ended.err


def test_show_has_the_newest_rows_first(built_shop: Path, call: Call) -> None:
    def shown(*words: object) -> list[dict[str, object]]:
        ended = call("show", *words, "--project-dir", built_shop, "--output", "json")
        assert ended.code == 0, ended.err
        rows: list[dict[str, object]] = json.loads(ended.out)["rows"]
        return rows

    rows = shown("customer_orders", "--limit", 5)
    instants = [str(row["event_ts"]) for row in rows]
    assert len(rows) == 5
    assert instants == sorted(instants, reverse=True)
    early = shown("customer_orders", "--at", instants[3])
    assert max(str(row["event_ts"]) for row in early) == instants[3]


def test_show_of_a_service_is_its_training_set_as_known_then(
    built_shop: Path, call: Call, tmp_path: Path
) -> None:
    file = tmp_path / "whole.parquet"
    where = ("--project-dir", built_shop)
    at = "2025-03-01"
    assert (
        call("training-set", "order_return", "--known-at", at, "--output", file, *where).code == 0
    )
    ended = call("show", "order_return", "--at", at, "--limit", 4, "--output", "json", *where)
    assert ended.code == 0, ended.err
    whole = {row["order_id"]: row for row in parquet.read_table(file).to_pylist()}
    rows = json.loads(ended.out)["rows"]
    assert len(rows) == 4
    for row in rows:
        assert row["ordered_at"] <= f"{at}T00:00:00+00:00"
        assert row["order_count"] == whole[row["order_id"]]["order_count"]


def test_show_says_what_is_missing(shop: Path, call: Call) -> None:
    where = ("--project-dir", shop)
    assert "not built yet" in call("show", "customer_orders", *where).err
    assert "did you mean" in call("show", "customer_order", *where).err


def versions(call: Call, project: Path, *words: str) -> list[str]:
    ended = call("clean", "--project-dir", project, "--output", "json", *words)
    assert ended.code == 0, ended.err
    return [dropped["relation"] for dropped in json.loads(ended.out)["dropped"]]


def test_clean_drops_what_nothing_names_once_it_is_old(chain: Path, call: Call) -> None:
    now = ("--older-than", "1 microsecond")
    assert call("run", "--project-dir", chain).code == 0
    assert versions(call, chain, *now) == []
    path = chain / "models/a.sql"
    path.write_text(path.read_text().replace("order_id from", "order_id + 1 as order_id from"))
    assert call("run", "--project-dir", chain, "--select", "a").code == 0
    # `b` is a table of its own; only the old version of `a` has no name and no reader.
    assert versions(call, chain) == []
    planned = versions(call, chain, *now, "--dry-run")
    assert [name.split("__")[0] for name in planned] == ["versions.a"]
    assert versions(call, chain, *now) == planned
    assert versions(call, chain, *now) == []
    assert call("show", "side", "--project-dir", chain).code == 0


def test_clean_keeps_what_a_view_still_reads(chain: Path, call: Call) -> None:
    assert call("run", "--project-dir", chain).code == 0
    path = chain / "models/c.sql"
    path.write_text(path.read_text().replace("order_id from", "order_id + 1 as order_id from"))
    assert call("run", "--project-dir", chain, "--select", "c").code == 0
    # `side` is a view of the earlier version of `c`.
    assert versions(call, chain, "--older-than", "1 microsecond") == []
    assert call("show", "side", "--project-dir", chain).code == 0
