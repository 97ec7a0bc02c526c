"""The page of the dialect says what the allow-list says.

Where the list has changed: FEATURESQL_ACCEPT_GOLDEN=1 writes the page anew.
"""

from __future__ import annotations

import os
from pathlib import Path

from featuresql.docs.dialect_page import dialect_functions

PAGE = Path(__file__).parents[2] / "docs" / "dialect.md"
BEGINNING = "# Functions\n\n"


def test_the_page_lists_the_functions_as_they_are() -> None:
    written, separator, listed = PAGE.read_text().partition(BEGINNING)
    assert separator
    wanted = dialect_functions()
    if os.environ.get("FEATURESQL_ACCEPT_GOLDEN"):
        PAGE.write_text(written + separator + wanted)
        listed = wanted
    assert listed == wanted


def test_the_page_names_what_is_refused_and_what_to_write_instead() -> None:
    page = dialect_functions()
    assert "| `hash` |" in page
    assert "| `approx_count_distinct` |" in page
