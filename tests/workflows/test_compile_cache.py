"""What is kept between commands changes nothing but the time."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shop_project import ORDERS, PROJECT, VISITS, write_shop

from featuresql.bootstrap import open_workspace
from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.lineage import project_lineage
from featuresql.errors import FeatureSQLError
from featuresql.plan.fingerprint import fingerprints
from featuresql.workflows import compile_keys
from featuresql.workflows.cache_file import cache_file
from featuresql.workflows.compile_cache import read_cache
from featuresql.workflows.compile_models import compile_models
from featuresql.workflows.manifest import manifest

STAGING = (
    "select customer, ordered_at, amount * {{ var('rate') }} as paid from {{ source('orders') }}"
)
READER = "select customer, ordered_at, {{ doubled('paid') }} as twice from {{ ref('staged') }}"
MACRO = "{% macro doubled(column) %}2 * {{ column }}{% endmacro %}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_shop(tmp_path, ORDERS, VISITS)
    (tmp_path / "featuresql.yml").write_text(PROJECT + "vars: {rate: 3}\n")
    (tmp_path / "models/staged.sql").write_text(STAGING)
    (tmp_path / "models/reader.sql").write_text(READER)
    (tmp_path / "macros").mkdir()
    (tmp_path / "macros/doubled.sql").write_text(MACRO)
    return tmp_path


def told(root: Path, *, cached: bool = True) -> str:
    """Return all that is known of the project, or the errors, as text."""
    workspace = open_workspace(root)
    try:
        compiled = compile_models(workspace if cached else replace(workspace, cache=None))
    except FeatureSQLError as error:
        return str(error)
    found = manifest(compiled, fingerprints(compiled))
    return json.dumps([found, lineage(compiled), statements(compiled)], sort_keys=True, default=str)


def lineage(compiled: CompiledProject) -> object:
    return repr(project_lineage(compiled))


def statements(compiled: CompiledProject) -> dict[str, list[str]]:
    return {
        name: [model.statement, model.tree.sql("duckdb"), repr(model.columns), repr(model.service)]
        for name, model in compiled.models.items()
    }


def keys(root: Path) -> dict[str, str]:
    found = read_cache(open_workspace(root).cache)
    return {name: entry.compile_key for name, entry in found.items()}


def replace_in(path: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        text = (root / path).read_text()
        assert old in text
        (root / path).write_text(text.replace(old, new))

    return edit


def narrow_amount(root: Path) -> None:
    table = pq.read_table(root / "orders.parquet")
    at = table.schema.get_field_index("amount")
    cast = table.column("amount").cast(pa.float32())
    pq.write_table(table.set_column(at, "amount", cast), root / "orders.parquet")


def remove_staged(root: Path) -> None:
    (root / "models/staged.sql").unlink()


def move_reader(root: Path) -> None:
    (root / "models/deep").mkdir()
    (root / "models/reader.sql").rename(root / "models/deep/reader.sql")


def other_engine(root: Path) -> None:
    targets = """
targets:
  dev: {engine: {type: chdb}, online: {type: lmdb}, registry: {url: "sqlite:///target/r.db"}}
"""
    with (root / "featuresql.yml").open("a") as file:
        file.write(targets)


EDITS: dict[str, Callable[[Path], None]] = {
    "nothing": lambda _: None,
    "a model": replace_in("models/staged.sql", "amount *", "amount +"),
    "a leaf": replace_in("models/reader.sql", "twice", "two"),
    "a variable": replace_in("featuresql.yml", "rate: 3", "rate: 4"),
    "a macro": replace_in("macros/doubled.sql", "2 *", "2.0 *"),
    "a source's type": narrow_amount,
    "a source's availability": replace_in("featuresql.yml", ", available_at: paid_at", ""),
    "a key's type": replace_in("featuresql.yml", "customer: bigint", "customer: integer"),
    "a leak": replace_in("models/spending.sql", "max(paid_at)", "min(paid_at)"),
    "a fault": replace_in("models/reader.sql", "'paid'", "'payed'"),
    "a model gone": remove_staged,
    "a model moved": move_reader,
    "the engine": other_engine,
}


@pytest.mark.parametrize("name", EDITS)
def test_a_change_is_seen_as_if_nothing_had_been_kept(name: str, root: Path) -> None:
    first = told(root)
    EDITS[name](root)

    assert told(root) == told(root, cached=False)
    assert told(root) == told(root, cached=False)
    assert (told(root) == first) == (name == "nothing")


def test_only_what_a_change_reaches_is_compiled_again(root: Path) -> None:
    told(root)
    before = keys(root)
    EDITS["a leaf"](root)
    told(root)
    after = keys(root)

    assert before.keys() == after.keys() == {"spending", "purchase", "staged", "reader"}
    assert {name for name in before if before[name] != after[name]} == {"reader"}


def test_another_program_compiles_everything_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(root)
    before = keys(root)
    monkeypatch.setattr(compile_keys, "code_state", lambda: "another")
    told(root)
    assert all(before[name] != key for name, key in keys(root).items())


def test_what_passed_is_kept_beside_a_fault(root: Path) -> None:
    EDITS["a fault"](root)
    assert "payed" in told(root)
    assert keys(root).keys() == {"spending", "purchase", "staged"}


def test_a_damaged_file_is_made_anew(root: Path) -> None:
    expected = told(root)
    path = open_workspace(root).cache
    assert path is not None
    path.write_bytes(b"not a database" * 100)

    assert told(root) == expected
    assert keys(root).keys() == {"spending", "purchase", "staged", "reader"}


def test_a_file_that_others_may_write_is_not_read(root: Path) -> None:
    told(root)
    path = open_workspace(root).cache
    assert path is not None
    assert read_cache(path)
    path.chmod(0o666)

    assert read_cache(path) == {}


def test_a_folder_that_cannot_be_made_is_no_error(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = told(root)
    (root / "file").write_text("")
    monkeypatch.setenv("FEATURESQL_CACHE_DIR", str(root / "file/below"))

    assert told(root) == expected


def test_the_file_is_in_the_users_own_folder(root: Path) -> None:
    project = open_workspace(root).project

    inside = cache_file(project, {"HOME": "/home/ada"})
    assert inside is not None
    assert inside.parent == Path("/home/ada/.cache/featuresql")
    assert cache_file(project, {"XDG_CACHE_HOME": "/c"}) == Path("/c/featuresql") / inside.name
    assert cache_file(project, {"HOME": "/home/ada", "FEATURESQL_CACHE_DIR": ""}) is None
    assert cache_file(project, {}) is None
