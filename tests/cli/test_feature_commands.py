from __future__ import annotations

import contextlib
import json
import os
import pty
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from command_call import Call
from pyarrow import csv, ipc, parquet

from featuresql.cli.demo_parts.run_server import run_server
from featuresql.cli.options import ProjectOptions
from featuresql.errors import ServingError

KEYS = ("--key", "customer_id=7", "--key", "amount=30")
AT = ("--at", "2025-06-01T00:00:00Z")


def test_materialize_prints_each_view_with_its_watermark(built_shop: Path, call: Call) -> None:
    where = ("--project-dir", built_shop)
    ended = call("materialize", *where, "--until", "2025-03-01", "--output", "json")
    assert ended.code == 0, ended.err
    views = json.loads(ended.out)["views"]
    assert [view["view"] for view in views] == ["customer_orders", "customer_returns"]
    assert {view["watermark"] for view in views} == {"2025-03-01T00:00:00+00:00"}
    assert all(view["rows"] > 0 for view in views)


def test_materialize_of_what_was_never_built_says_to_run(shop: Path, call: Call) -> None:
    ended = call("materialize", "--project-dir", shop)
    assert ended.code == 1
    assert "featuresql run" in ended.err


def test_get_shows_one_vector_typed_from_text(built_shop: Path, call: Call) -> None:
    ended = call("get", "order_return", "--project-dir", built_shop, *KEYS, *AT, "--output", "json")
    assert ended.code == 0, ended.err
    features = json.loads(ended.out)["features"]
    assert features["amount"] == 30.0
    assert features["order_count"] == 2
    assert features["amount_ratio"] == 30.0 / features["amount_mean"]
    assert features["ordered_at"] == "2025-06-01T00:00:00+00:00"


def test_on_a_terminal_get_says_why_there_are_no_values_now(built_shop: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-P", "-m", "featuresql", "get", "order_return"]
    for keys in (KEYS, ("--key", "customer_id=999", "--key", "amount=30"), (*KEYS, *AT)):
        subprocess.run([*command, *keys], cwd=built_shop, stderr=theirs, timeout=60, check=True)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # which is how a terminal ends
        while chunk := os.read(ours, 65_536):
            shown += chunk
    os.close(ours)
    notes = [line.strip() for line in shown.decode().splitlines() if "note: " in line]
    until = "has no row for these keys: it was materialized until 2025-06-01T00:00:00+00:00"
    old = "the newest row is of 2025-05-29T05:42:00+00:00, older than the ttl of 90 days"
    assert [note[note.index("note: ") :] for note in notes] == [
        f"note: customer_orders: {old}; --at asks for an earlier instant",
        f"note: customer_returns {until}",
        f"note: customer_orders {until}",
        f"note: customer_returns {until}",
    ]


def test_elsewhere_get_says_nothing_but_the_vector(built_shop: Path, call: Call) -> None:
    ended = call("get", "order_return", "--project-dir", built_shop, *KEYS)
    assert (ended.code, ended.err) == (0, "")


def test_get_of_an_unknown_key_shows_nulls(built_shop: Path, call: Call) -> None:
    keys = ("--key", "customer_id=999", "--key", "amount=1")
    ended = call("get", "order_return", "--project-dir", built_shop, *keys, *AT)
    values = dict(line.split(maxsplit=1) for line in ended.out.splitlines())
    assert (values["order_count"], values["return_count"]) == ("NULL", "0")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("order_retrun", *KEYS), 1, "did you mean 'order_return'?"),
        (("order_return", "--key", "customer_id=7"), 1, "lacks the column 'amount'"),
        (("order_return", *KEYS, "--key", "custmer=1"), 1, "unknown column 'custmer'"),
        (
            ("order_return", "--key", "customer_id=x", "--key", "amount=1"),
            1,
            "'x' is no bigint, which the column 'customer_id'",
        ),
        (("order_return", "--key", "customer_id=1", "--key", "amount=x"), 1, "'x' is no double"),
        (("order_return", "--key", "customer_id"), 2, "no NAME=VALUE"),
        (("order_return", "--key", "amount=1", "--key", "amount=2"), 2, "given twice"),
        (("order_return", *KEYS, "--at", "soon"), 2, "'soon' is no ISO 8601 text"),
        (("order_return", *KEYS, "--url", "http://x"), 2, "usage"),
        (("order_return", *KEYS, "--url", "grpc://127.0.0.1:1"), 1, "unreachable"),
    ],
)
def test_a_wrong_request_is_refused(
    arguments: tuple[str, ...], code: int, said: str, built_shop: Path, call: Call
) -> None:
    ended = call("get", *arguments, "--project-dir", built_shop)
    assert ended.code == code, ended.err
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_serve_answers_as_the_project_does_and_ends_when_told(built_shop: Path, call: Call) -> None:
    local = call("get", "order_return", "--project-dir", built_shop, *KEYS, *AT)
    with run_server(ProjectOptions(built_shop, None, {})) as url:
        assert url.startswith("grpc://127.0.0.1:")
        remote = call("get", "order_return", *KEYS, *AT, "--url", url)
    assert remote.code == 0, remote.err
    assert remote.out == local.out
    after = call("get", "order_return", *KEYS, *AT, "--url", url)
    assert "unreachable" in after.err


def test_a_server_that_does_not_start_says_why(shop: Path) -> None:
    (shop / "featuresql.yml").write_text("nam: shop\n")
    with (
        pytest.raises(ServingError, match=r"featuresql\.yml:1:1"),
        run_server(ProjectOptions(shop, None, {})),
    ):
        pass


def test_serving_to_others_needs_tls_and_tokens(built_shop: Path, start: Call) -> None:
    ended = start("serve", "--project-dir", built_shop, "--host", "0.0.0.0")  # noqa: S104 - it is refused
    assert ended.code == 2
    assert "--insecure" in ended.err
    assert ended.out == ""


@pytest.mark.parametrize("arguments", [("--auth", "no.yml"), ("--tls-cert=no.pem",)])
def test_serving_with_a_file_that_is_not_there_says_just_that(
    arguments: tuple[str, ...], shop: Path, start: Call
) -> None:
    ended = start("serve", "--project-dir", shop, *arguments)
    option, path = (*arguments, *arguments[0].split("=")[1:])
    assert ended.code == 2
    assert ended.err == (
        f"missing-file: there is no file '{path}'\n"
        f"  hint: {option.split('=')[0]} names a file, relative to the folder that you are in\n"
    )


def test_a_port_that_is_taken_is_one_block(built_shop: Path, start: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = start("serve", "--project-dir", built_shop, "--port", port)
    assert ended.code == 1
    lines = ended.err.splitlines()
    assert lines[0] == f"cannot-listen: cannot listen at grpc://127.0.0.1:{port}"
    assert len(lines) == 2
    assert lines[1].startswith("  hint: is the port taken")


@pytest.mark.parametrize("suffix", ["parquet", "csv", "arrow"])
def test_a_training_set_goes_to_each_kind_of_file(
    suffix: str, built_shop: Path, tmp_path: Path, call: Call
) -> None:
    path = tmp_path / f"train.{suffix}"
    ended = call("training-set", "order_return", "--project-dir", built_shop, "--output", path)
    assert ended.code == 0, ended.err
    assert ended.out == f"order_return: 240 rows, 8 columns in {path}\n"
    if suffix == "parquet":
        table = parquet.read_table(path)
    elif suffix == "csv":
        table = csv.read_csv(path)
    else:
        table = ipc.open_file(path).read_all()
    assert table.num_rows == 240
    assert table.column_names[0] == "order_id"
    assert table["order_count"].null_count < 240
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_a_spine_file_keeps_its_order_and_may_lack_the_label(
    built_shop: Path, tmp_path: Path, call: Call
) -> None:
    spine = tmp_path / "spine.csv"
    spine.write_text(
        "customer_id,ordered_at,order_id,amount\n"
        "7,2025-06-01T00:00:00Z,2,30\n"
        "3,2025-03-01,1,10.5\n"
        ",2025-06-01T00:00:00Z,3,30\n"
    )
    path = tmp_path / "out.parquet"
    ended = call(
        "training-set", "order_return", "--project-dir", built_shop, "--output", path,
        "--spine", spine, "--known-at", "2025-06-01", "--json",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["rows"] == 3
    table = parquet.read_table(path)
    assert table["order_id"].to_pylist() == [2, 1, 3]
    assert table["order_count"].to_pylist()[0] == 2
    assert table["order_count"].to_pylist()[2] is None
    assert table["ordered_at"][1].as_py() == datetime(2025, 3, 1, tzinfo=UTC)
    assert table["was_returned"].null_count == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("custmer_id,ordered_at,order_id,amount\n7,2025-06-01,2,30\n", "custmer_id"),
        ("customer_id,ordered_at,order_id\n7,2025-06-01,2\n", "lacks the column 'amount'"),
        ("customer_id,ordered_at,order_id,amount\nx,2025-06-01,2,30\n", "cannot be read"),
        ("customer_id,ordered_at,order_id,amount\n7,soon,2,30\n", "is no instant"),
        ("", "cannot be read"),
    ],
)
def test_a_wrong_spine_is_refused_and_nothing_is_written(
    text: str, said: str, built_shop: Path, tmp_path: Path, call: Call
) -> None:
    spine, path = tmp_path / "spine.csv", tmp_path / "out.parquet"
    spine.write_text(text)
    where = ("--project-dir", built_shop)
    ended = call("training-set", "order_return", *where, "--output", path, "--spine", spine)
    assert ended.code == 1
    assert said in ended.err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["shop", "spine.csv"]


def test_a_file_of_an_unknown_kind_is_wrong_usage(built_shop: Path, call: Call) -> None:
    where = ("--project-dir", built_shop)
    ended = call("training-set", "order_return", *where, "--output", "x.xlsx")
    assert ended.code == 2
    assert ".parquet" in ended.err


def test_a_folder_that_cannot_be_written_is_the_users_to_mend(
    built_shop: Path, tmp_path: Path, call: Call
) -> None:
    where = ("--project-dir", built_shop)
    path = tmp_path / "no" / "x.parquet"
    ended = call("training-set", "order_return", *where, "--output", path)
    assert ended.code == 1
    assert "cannot be written" in ended.err
