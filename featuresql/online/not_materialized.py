"""The error for a view that an online store does not have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from featuresql.errors import OnlineStoreError, did_you_mean


def raise_not_materialized(view: str, names: Iterable[str]) -> NoReturn:
    """Say that `view` is not among the views in the store, `names`."""
    known = list(names)
    near = f"; {did_you_mean(view, known)}" if known else ""
    raise OnlineStoreError(
        f"view '{view}' is not in the online store",
        code="not-materialized",
        hint=f"run `featuresql materialize --select {view}`{near}",
    )
