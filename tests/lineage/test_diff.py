"""diff: what a change of a project touches, in each of its forms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from shop_project import ORDERS, PROJECT, SERVICE, SPENDING, VISITS, write_shop

from featuresql.cli.main import cli

CONSUMERS = """
consumers:
  - {name: churn, kind: ml_model, service: purchase, owner: data-science}
"""
OTHER = """{{ config(kind='feature_view', entity='customer', owner='web',
  event_time='visited_at') }}
select customer, visited_at, basket as seen_basket from {{ source('visits') }}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    write_shop(root, ORDERS, VISITS)
    (root / "featuresql.yml").write_text(PROJECT + CONSUMERS)
    (root / "models/other.sql").write_text(OTHER)
    assert run(root, "compile").exit_code == 0
    return root


def run(root: Path, *words: str):  # noqa: ANN201 - click's Result
    return CliRunner().invoke(cli, [words[0], "--project-dir", str(root), *words[1:]])


def diff(root: Path) -> dict:
    result = run(root, "diff", "--output", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def features(found: dict, model: str) -> set[str]:
    return {feature["column"] for feature in found["features"] if feature["model"] == model}


def rewrite(root: Path, model: str, text: str) -> None:
    (root / f"models/{model}.sql").write_text(text)


def test_a_service_whose_expression_changed_shows_that_feature_alone(shop: Path) -> None:
    rewrite(shop, "purchase", SERVICE.replace("v.spent + s.basket", "v.spent - s.basket"))
    found = diff(shop)
    assert [(m["model"], m["change"]) for m in found["models"]] == [("purchase", "changed")]
    assert features(found, "purchase") == {"with_basket"}
    assert features(found, "spending") == set()
    assert found["services"] == ["purchase"]
    assert [consumer["name"] for consumer in found["consumers"]] == ["churn"]
    assert found["owners"] == ["data-science"]


def test_a_service_lists_the_features_that_a_changed_view_reaches(shop: Path) -> None:
    rewrite(shop, "spending", SPENDING.replace("sum(amount)", "max(amount)"))
    found = diff(shop)
    assert [c["column"] for c in found["columns"]] == ["spent"]
    assert features(found, "spending") == {"spent"}
    # The other columns too: among rows that tie in their instants, `spent` decides.
    assert features(found, "purchase") >= {"spent", "with_basket"}
    assert features(found, "other") == set()
    # The event time, keys and labels are no features.
    assert not features(found, "purchase") & {"visited_at", "customer", "bought"}


def test_a_service_with_one_more_feature_and_one_less_shows_both(shop: Path) -> None:
    text = SERVICE.replace("v.note,", "o.seen_basket,")
    join = "left join {{ ref('other') }} o on o.customer = s.customer\n"
    rewrite(shop, "purchase", text + join)
    found = diff(shop)
    changes = {(c["column"], c["change"]) for c in found["columns"]}
    assert changes == {("seen_basket", "added"), ("note", "removed")}
    assert "seen_basket" in features(found, "purchase")
    assert found["services"] == ["purchase"]


def test_another_ttl_reaches_all_that_a_service_reads_of_the_view(shop: Path) -> None:
    rewrite(shop, "spending", SPENDING.replace("10 days", "9 days"))
    found = diff(shop)
    assert found["models"][0]["settings"] == ["ttl_us"]
    assert features(found, "purchase") == {"spent", "orders", "note", "with_basket"}


def test_a_new_service_and_a_removed_one_are_told(shop: Path) -> None:
    rewrite(shop, "purchase2", SERVICE)
    found = diff(shop)
    assert found["services"] == ["purchase2"]
    assert features(found, "purchase2") == {"spent", "orders", "note", "with_basket"}
    (shop / "models/purchase2.sql").unlink()
    (shop / "models/purchase.sql").unlink()
    (shop / "featuresql.yml").write_text(PROJECT)
    found = diff(shop)
    assert [(m["model"], m["change"]) for m in found["models"]] == [("purchase", "removed")]


def test_a_source_in_another_zone_reaches_all_that_is_read_of_it(shop: Path) -> None:
    text = PROJECT.replace("event_time: visited_at", "event_time: visited_at, timezone: Asia/Tokyo")
    (shop / "featuresql.yml").write_text(text + CONSUMERS)
    found = diff(shop)
    change = {"source": "visits", "change": "changed", "settings": ["timezone"]}
    assert found["sources"] == [change]
    assert features(found, "other") == {"seen_basket"}
    assert found["services"] == ["purchase"]
    assert "visits changed: timezone" in run(shop, "diff").stdout
    assert "Sources: `visits` changed: timezone" in run(shop, "diff", "--output=markdown").stdout


def test_a_leak_that_is_accepted_reaches_no_feature_but_shows(shop: Path) -> None:
    leaking = SPENDING.replace("max(paid_at) over w as known_at", "ordered_at as known_at")
    rewrite(shop, "spending", leaking)
    assert run(shop, "compile", "--no-fail-on-leak").exit_code == 0
    accepting = leaking.replace("ttl=", "accept_leak={'spent': 'known'}, ttl=")
    rewrite(shop, "spending", accepting)
    found = diff(shop)
    assert found["features"] == []
    change = {"model": "spending", "column": "spent"}
    assert {**change, "before": "leaks", "after": "leaks (accepted)"} in found["leakage"]
    assert "spending.spent: leaks -> leaks (accepted)" in run(shop, "diff").stdout


def test_nothing_is_said_where_nothing_changed(shop: Path) -> None:
    rewrite(
        shop, "spending", SPENDING.replace("select customer", "select  -- a comment\n customer")
    )
    assert run(shop, "diff").stdout == "nothing changes\n"
    found = diff(shop)
    assert all(not part for part in found.values())


def test_text_and_markdown_name_the_features_of_services(shop: Path) -> None:
    rewrite(shop, "purchase", SERVICE.replace("v.spent + s.basket", "v.spent - s.basket"))
    text = run(shop, "diff").stdout
    assert "features reached:\n  purchase.with_basket\n" in text
    markdown = run(shop, "diff", "--output", "markdown").stdout
    assert "Features reached: `purchase.with_basket`" in markdown
    assert "Consumers reached: churn (ml_model of `purchase`)" in markdown
