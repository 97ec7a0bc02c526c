"""An online version as JSON, with the whole schema of its view, and back."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from featuresql.errors import OnlineStoreError
from featuresql.online.row_codec import schema_hash
from featuresql.ports import OnlineVersion
from featuresql.spec.column_type import ColumnType
from featuresql.spec.model import Column, FeatureView


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """What a store keeps of one version; `entity_number` stands for the entity in its keys."""

    version: OnlineVersion
    entity_number: int

    def to_json(self) -> bytes:
        """Return the record as JSON."""
        features = self.version.view.features
        words = {**dataclasses.asdict(self), "schema_hash": schema_hash(features).hex()}
        return json.dumps(words, separators=(",", ":")).encode()


def from_json(text: bytes) -> VersionRecord:
    """Return the record that `to_json` wrote.

    Raises `OnlineStoreError` with code `corrupt` where it did not, or where the schema's hash is
    not that of the schema.
    """
    try:
        words = cast("dict[str, Any]", json.loads(text))
        version = cast("dict[str, Any]", words["version"])
        view = _view(version["view"])
        read = OnlineVersion(**{**version, "view": view})
        record = VersionRecord(read, int(words["entity_number"]))
        expected = str(words["schema_hash"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(str(error)) from error
    if schema_hash(view.features).hex() != expected:
        raise _damaged("its schema is not the one that was written")
    return record


def _damaged(what: str) -> OnlineStoreError:
    return OnlineStoreError(
        f"the online store's record of a version is damaged: {what}",
        code="corrupt",
        hint="remove the online store and materialize again",
    )


def _view(words: Mapping[str, Any]) -> FeatureView:
    columns = {part: tuple(_column(c) for c in words[part]) for part in ("keys", "features")}
    return FeatureView(**{**words, **columns})


def _column(words: Mapping[str, Any]) -> Column:
    return Column(**{**words, "type": _type(words["type"])})


def _type(words: Mapping[str, Any]) -> ColumnType:
    element = words["element"]
    nested = {
        "element": None if element is None else _type(element),
        "fields": tuple((name, _type(kind)) for name, kind in words["fields"]),
    }
    return ColumnType(**{**words, **nested})
