from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from shop_project import ORDERS, VISITS, write_shop

from featuresql import FeatureStore


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    write_shop(tmp_path, ORDERS, VISITS)
    return tmp_path


@pytest.fixture
def store(shop: Path) -> Iterator[FeatureStore]:
    with FeatureStore(shop) as opened:
        opened.run()
        yield opened
