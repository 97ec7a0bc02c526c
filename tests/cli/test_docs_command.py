"""The static site says what the project is, and nothing that a description says is run."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

from command_call import Call

from featuresql.cli.guard import guard
from featuresql.cli.main import cli


class Links(HTMLParser):
    """Collects what a page links to, and the elements that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]


def read(page: Path) -> Links:
    found = Links()
    found.feed(page.read_text())
    return found


def test_every_model_has_a_page_and_no_link_leads_nowhere(built_shop: Path, call: Call) -> None:
    ended = call("docs", "--project-dir", built_shop)
    assert ended.code == 0, ended.err
    folder = built_shop / "target/docs"
    models = {path.stem for path in (built_shop / "models").rglob("*.sql")}
    assert {page.stem for page in (folder / "models").glob("*.html")} == models
    for page in (folder / "index.html", *(folder / "models").glob("*.html")):
        links = [link.partition("#")[0] for link in read(page).links]
        assert links
        assert all((page.parent / link).is_file() for link in links if link)
    assert "240 rows" in (folder / "index.html").read_text()
    assert "proven" in (folder / "models/customer_orders.html").read_text()


def test_descriptions_are_text_and_pages_load_nothing(built_shop: Path, call: Call) -> None:
    model = built_shop / "models/hostile.sql"
    model.write_text(
        "{{ config(description='<script>alert(1)</script>', owner='><img src=x>') }}\n"
        "select '</pre><script>' as x from {{ source('orders') }}"
    )
    assert call("docs", "--project-dir", built_shop, "--output", built_shop / "site").code == 0
    for page in (built_shop / "site/index.html", built_shop / "site/models/hostile.html"):
        assert not {"script", "img"} & set(read(page).tags)
        assert "default-src 'none'" in page.read_text()
        assert not re.search(r"(src|href)=.https?:", page.read_text())


def test_the_catalog_says_what_is_built(shop: Path, call: Call) -> None:
    assert call("docs", "--project-dir", shop).code == 0
    before = json.loads((shop / "target/catalog.json").read_text())
    assert {model["relation"] for model in before["models"].values()} == {None}
    assert guard(cli, ["run", "--project-dir", str(shop)], "featuresql") == 0
    after = json.loads((shop / "target/catalog.json").read_text())
    orders = after["models"]["customer_orders"]
    assert orders["rows"] == 240
    assert orders["relation"].startswith("versions.customer_orders__")
    assert orders["columns"]["order_count"] == "BIGINT"


def test_a_folder_that_cannot_be_written_is_an_error(built_shop: Path, call: Call) -> None:
    (built_shop / "taken").write_text("")
    ended = call("docs", "--project-dir", built_shop, "--output", built_shop / "taken")
    assert ended.code in {1, 2}
    assert "cannot be written" in ended.err
