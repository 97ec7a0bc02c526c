from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_call import Call


def broken(shop: Path, path: str, text: str) -> None:
    (shop / path).parent.mkdir(parents=True, exist_ok=True)
    (shop / path).write_text(text)


@pytest.mark.parametrize(
    ("path", "text", "code", "place"),
    [
        ("featuresql.yml", "name: [", "yaml", "featuresql.yml:1:"),
        ("featuresql.yml", "nam: shop\n", "", "featuresql.yml:1:1"),
        ("models/a.sql", "select amont from {{ source('orders') }}", "", "models/a.sql:1:8"),
        ("models/a.sql", "select 1 as x from {{ ref('nothing') }}", "", "models/a.sql:1:"),
        ("models/a.sql", "select 1 as x from orders", "", "models/a.sql:1:"),
        ("models/a.sql", "select {{ 1 / 0 }} as x", "", "models/a.sql:1:"),
        ("models/a.sql", "drop table x", "", "models/a.sql:1:"),
        ("models/a.sql", "", "", "models/a.sql"),
        ("data/orders.csv", "", "", ""),
    ],
)
def test_a_broken_project_ends_with_1_a_place_and_no_traceback(  # noqa: PLR0913, PLR0917 - a case's parts
    path: str, text: str, code: str, place: str, shop: Path, call: Call
) -> None:
    broken(shop, path, text)
    ended = call("run", "--project-dir", shop)
    assert ended.code == 1, ended.err
    assert code in ended.err
    assert place in ended.err
    assert "Traceback" not in ended.err
    assert ended.out == ""


def test_a_folder_without_a_project_says_what_to_do(tmp_path: Path, start: Call) -> None:
    ended = start("run", cwd=tmp_path)
    assert ended.code == 1
    assert "no-project" in ended.err
    assert "featuresql init" in ended.err
    assert "Traceback" not in ended.err


def test_an_error_of_a_source_shows_its_line_without_secrets(shop: Path, call: Call) -> None:
    text = (shop / "featuresql.yml").read_text()
    broken(shop, "featuresql.yml", text.replace("  returns:", "  returns: # password: hunter2"))
    broken(shop, "data/returns.csv", "order_id\n1\n")
    ended = call("run", "--project-dir", shop)
    assert ended.code == 1
    assert "  |   returns: # password: ***\n  |   ^\n" in ended.err


def test_every_error_of_a_compilation_is_shown(shop: Path, call: Call) -> None:
    broken(shop, "models/a.sql", "select amont from {{ source('orders') }}")
    broken(shop, "models/b.sql", "select amunt from {{ source('orders') }}")
    ended = call("compile", "--project-dir", shop)
    assert ended.code == 1
    assert "models/a.sql:1:8" in ended.err
    assert "models/b.sql:1:8" in ended.err
    assert ended.err.endswith("\n2 errors\n")
    assert not (shop / "target" / "compiled").exists()


def test_models_that_read_each_other_are_named(shop: Path, call: Call) -> None:
    broken(shop, "models/a.sql", "select x from {{ ref('b') }}")
    broken(shop, "models/b.sql", "select x from {{ ref('a') }}")
    ended = call("run", "--project-dir", shop)
    assert ended.code == 1
    assert "a -> b -> a" in ended.err or "b -> a -> b" in ended.err


@pytest.mark.parametrize("text", ["[1]", "{a: b", "window"])
def test_variables_that_are_no_mapping_are_wrong_usage(text: str, shop: Path, call: Call) -> None:
    ended = call("ls", "--project-dir", shop, "--vars", text)
    assert ended.code == 2
    assert "--vars" in ended.err


def test_an_unknown_variable_is_refused_with_the_nearest(shop: Path, call: Call) -> None:
    ended = call("ls", "--project-dir", shop, "--vars", "{windw: 1 day}")
    assert ended.code == 1
    assert "did you mean 'window'?" in ended.err


def test_an_interrupt_ends_a_running_query_with_130_and_one_line(shop: Path) -> None:
    joins = "".join(f" cross join {{{{ source('orders') }}}} o{i}" for i in range(5))
    broken(
        shop,
        "models/endless.sql",
        "{{ config(materialized='table') }}\n"
        f"select sum(o.amount * o4.amount) as x from {{{{ source('orders') }}}} o{joins}",
    )
    command = [sys.executable, "-m", "featuresql", "run", "--select", "endless"]
    with subprocess.Popen(command, cwd=shop, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 30
        while not (shop / "target" / "manifest.json").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1.0)
        assert process.poll() is None
        os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err == "interrupted\n"
