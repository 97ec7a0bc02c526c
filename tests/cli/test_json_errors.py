"""What a command that fails prints on stdout where JSON is asked for."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import click
import pytest
from command_call import Call

from featuresql.cli.guard import guard

KEYS = ["code", "message", "file", "line", "column", "hint"]
JSON = ("--output", "json")


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code"),
    [
        (("run", "--select", "nope", *JSON), 1, ""),
        (("compile", "--select", "nope", "--output=json"), 1, ""),
        (("ls", "--select", "nope", *JSON), 1, ""),
        (("test", "--select", "nope", *JSON), 1, ""),
        (("build", "--select", "nope", *JSON), 1, ""),
        (("materialize", "--select", "nope", *JSON), 1, ""),
        (("debug", "nope", *JSON), 1, "unknown-model"),
        (("get", "nope", "--key", "a=1", *JSON), 1, "unknown-service"),
        (("training-set", "nope", "--output", "x.parquet", "--json"), 1, "unknown-service"),
        (("run", "--target", "nope", *JSON), 1, "unknown-target"),
        (("run", "--selct", "x", *JSON), 2, "usage"),
        (("materialize", "--until", "soon", *JSON), 2, "usage"),
        (("rum", *JSON), 2, "usage"),
    ],
)
def test_a_failure_is_one_json_document_on_stdout_and_text_on_stderr(
    arguments: tuple[str, ...], exit_code: int, code: str, shop: Path, call: Call
) -> None:
    where = ("--project-dir", shop) if arguments[0] != "rum" else ()
    ended = call(*arguments, *where)
    assert ended.code == exit_code, ended.err
    found = json.loads(ended.out)
    assert found["status"] == "error"
    (error,) = found["errors"]
    assert list(error) == KEYS
    assert code in error["code"]
    assert error["message"] in ended.err


def test_every_error_is_in_the_document_with_its_place(shop: Path, call: Call) -> None:
    (shop / "models/a.sql").write_text("select 1 as x,\n  amont from {{ source('orders') }}")
    (shop / "models/b.sql").write_text("select amunt from {{ source('orders') }}")
    ended = call("run", "--project-dir", shop, *JSON)
    assert ended.code == 1
    errors = json.loads(ended.out)["errors"]
    assert [(e["file"], e["line"], e["column"]) for e in errors] == [
        ("models/a.sql", 2, 3),
        ("models/b.sql", 1, 8),
    ]
    assert "amount" in errors[0]["hint"]


def test_without_json_a_failure_prints_nothing_on_stdout(shop: Path, call: Call) -> None:
    assert call("run", "--project-dir", shop, "--select", "nope").out == ""


def test_a_failed_test_is_in_the_one_document_of_the_results(built_shop: Path, call: Call) -> None:
    path = built_shop / "models/models.yml"
    text = path.read_text()
    path.write_text(text.replace("order_count: 2, amount_mean", "order_count: 3, amount_mean"))
    ended = call("test", "--project-dir", built_shop, *JSON)
    assert ended.code == 1
    found = json.loads(ended.out)
    assert found["status"] == "error"
    assert found["counts"] == {"pass": 6, "warn": 0, "fail": 1, "error": 0}
    assert len(found["results"]) == 7
    (error,) = found["errors"]
    assert list(error) == KEYS
    assert error["code"] == "test-failure"
    assert error["file"] == "models/models.yml"


def test_debug_shows_passes_and_error_in_one_document(shop: Path, call: Call) -> None:
    (shop / "models/a.sql").write_text("select amont from {{ source('orders') }}")
    ended = call("debug", "a", "--project-dir", shop, *JSON)
    found = json.loads(ended.out)
    assert (ended.code, found["status"], found["model"]) == (1, "error", "a")
    assert [error["file"] for error in found["errors"]] == ["models/a.sql"]


def test_a_fault_of_ours_and_an_interrupt_are_documents_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @click.command()
    @click.option("--output")
    @click.option("--stop", is_flag=True)
    def fails(output: str, *, stop: bool) -> None:
        if stop:
            os.kill(os.getpid(), signal.SIGINT)
        raise ValueError(output)

    assert guard(fails, ["--output", "json"], "featuresql") == 2
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert (error["code"], error["file"]) == ("internal", None)
    assert guard(fails, ["--output", "json", "--stop"], "featuresql") == 130
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert error["code"] == "interrupted"
