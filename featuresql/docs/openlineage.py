"""Lineage as OpenLineage events: one for each model and each consumer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.draft import CompiledModel
from featuresql.compiler.lineage import (
    SOURCE_PREFIX,
    ColumnRef,
    DirectInput,
    IndirectInput,
    ModelLineage,
    ProjectLineage,
)
from featuresql.compiler.place_relations import place_relations
from featuresql.spec.model import Column, Consumer

Json: TypeAlias = dict[str, object]

_SPEC: Final = "https://openlineage.io/spec"
_EVENT_SCHEMA: Final = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/JobEvent"
_FACETS: Final = {
    "ColumnLineageDatasetFacet": "1-2-0",
    "DocumentationDatasetFacet": "1-1-0",
    "DocumentationJobFacet": "1-1-0",
    "JobTypeJobFacet": "2-0-3",
    "OwnershipDatasetFacet": "1-0-1",
    "OwnershipJobFacet": "1-0-1",
    "SQLJobFacet": "1-1-0",
    "SchemaDatasetFacet": "1-2-0",
}


def openlineage_events(
    compiled: CompiledProject, lineage: ProjectLineage, at: datetime, producer: str
) -> list[Json]:
    """Return the events, parents first: what jobs there are, no run of any.

    The project's name makes the namespace. A model is a job and the dataset that it makes, a source
    a dataset, a consumer a job that reads its service. `at` bears a zone; `producer` is a URI.
    """
    export = _Export(compiled, lineage, at.isoformat(), producer)
    events = [export.model_event(compiled.models[name]) for name in lineage.models]
    return events + [export.consumer_event(one) for one in compiled.project.consumers]


class _Export:
    def __init__(
        self, compiled: CompiledProject, lineage: ProjectLineage, at: str, producer: str
    ) -> None:
        self._compiled = compiled
        self._lineage = lineage
        self._at = at
        self._producer = producer
        self._namespace = f"featuresql://{compiled.project.name}"

    def model_event(self, model: CompiledModel) -> Json:
        """Return the event of the job that makes `model`."""
        sql = place_relations(model.tree).sql("duckdb", pretty=True)
        facets = {
            "sql": self._facet("SQLJobFacet", query=sql, dialect="duckdb"),
            **self._about("Job", self._description(model.name), model.config.owner),
            **self._job_type("MODEL"),
        }
        reads = [*model.refs, *(SOURCE_PREFIX + name for name in model.sources)]
        lineage = self._column_lineage(self._lineage.models[model.name])
        made = self._dataset(model.name, {"columnLineage": lineage})
        return self._event(model.name, facets, [self._dataset(name) for name in reads], [made])

    def consumer_event(self, consumer: Consumer) -> Json:
        """Return the event of the job that a consumer is."""
        facets = {
            **self._about("Job", consumer.description, consumer.owner),
            **self._job_type(consumer.kind.upper()),
        }
        return self._event(
            f"consumer.{consumer.name}", facets, [self._dataset(consumer.service)], []
        )

    def _event(self, name: str, facets: Json, inputs: list[Json], outputs: list[Json]) -> Json:
        return {
            "eventTime": self._at,
            "producer": self._producer,
            "schemaURL": _EVENT_SCHEMA,
            "job": {"namespace": self._namespace, "name": name, "facets": facets},
            "inputs": inputs,
            "outputs": outputs,
        }

    def _facet(self, kind: str, **fields: object) -> Json:
        url = f"{_SPEC}/facets/{_FACETS[kind]}/{kind}.json#/$defs/{kind}"
        return {"_producer": self._producer, "_schemaURL": url, **fields}

    def _job_type(self, kind: str) -> Json:
        fields = {"processingType": "BATCH", "integration": "FEATURESQL", "jobType": kind}
        return {"jobType": self._facet("JobTypeJobFacet", **fields)}

    def _about(self, of: str, description: str, owner: str) -> Json:
        found: Json = {}
        if description:
            kind = f"Documentation{of}Facet"
            found["documentation"] = self._facet(kind, description=description)
        if owner:
            found["ownership"] = self._facet(f"Ownership{of}Facet", owners=[{"name": owner}])
        return found

    def _dataset(self, node: str, more: Mapping[str, object] | None = None) -> Json:
        source = self._compiled.project.sources.get(node.removeprefix(SOURCE_PREFIX))
        if node.startswith(SOURCE_PREFIX) and source is not None:
            columns: Sequence[Column] = self._compiled.sources.get(source.name, source.columns)
            about = self._about("Dataset", source.description, "")
            described: Mapping[str, str] = {}
        else:
            model = self._compiled.models[node]
            columns = model.columns
            about = self._about("Dataset", self._description(node), model.config.owner)
            properties = self._compiled.project.properties.get(node)
            described = {c.name: c.description for c in properties.columns} if properties else {}
        fields = [_field(column, described.get(column.name, "")) for column in columns]
        facets = {"schema": self._facet("SchemaDatasetFacet", fields=fields), **about}
        return {"namespace": self._namespace, "name": node, "facets": {**facets, **(more or {})}}

    def _description(self, name: str) -> str:
        properties = self._compiled.project.properties.get(name)
        written = self._compiled.models[name].config.description
        return written or (properties.description if properties else "")

    def _column_lineage(self, model: ModelLineage) -> Json:
        """Return the facet: what decides about rows stands once for the dataset, not by column."""
        rows = set(model.rows)
        fields = {
            name: {
                "inputFields": self._input_fields(
                    [*column.direct, *(one for one in column.indirect if one not in rows)]
                )
            }
            for name, column in model.columns.items()
        }
        kind = "ColumnLineageDatasetFacet"
        return self._facet(kind, fields=fields, dataset=self._input_fields(model.rows))

    def _input_fields(self, inputs: Iterable[DirectInput | IndirectInput]) -> list[Json]:
        found: dict[ColumnRef, list[Json]] = {}
        for one in inputs:
            found.setdefault(one.ref, []).append(_transformation(one))
        return [
            {
                "namespace": self._namespace,
                "name": ref.node,
                "field": ref.column,
                "transformations": ways,
            }
            for ref, ways in found.items()
        ]


def _transformation(one: DirectInput | IndirectInput) -> Json:
    if isinstance(one, DirectInput):
        subtype = one.transformation.upper()
        return {"type": "DIRECT", "subtype": subtype, "masking": one.is_masked}
    return {"type": "INDIRECT", "subtype": one.kind.upper(), "masking": False}


def _field(column: Column, description: str) -> Json:
    found: Json = {"name": column.name, "type": str(column.type)}
    text = description or column.description
    return {**found, "description": text} if text else found
