"""What rendering a template gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from featuresql.errors import Location
from featuresql.render.source_map import SourceMap
from featuresql.spec.model import ModelConfig

REF_SCHEMA = "ref"
SOURCE_SCHEMA = "source"


@dataclass(frozen=True, slots=True)
class RenderedModel:
    """A model's SQL after Jinja.

    In `sql` a `ref('m')` stands as `ref.m` and a `source('s')` as `source.s`, quoted where they
    need it; `refs` and `sources` give where each was called first. `source_map` leads from an
    offset in `sql` back to the template. `config_places` has where the values of config()'s
    arguments stand, by the arguments' names.
    """

    name: str
    path: str
    template: str
    sql: str
    source_map: SourceMap
    config: ModelConfig
    config_location: Location
    refs: dict[str, Location]
    sources: dict[str, Location]
    config_places: Mapping[str, Location] = field(default_factory=dict)

    def config_place(self, argument: str) -> Location:
        """Return where the value of config()'s `argument` stands, or else where the call does."""
        return self.config_places.get(argument, self.config_location)
