"""What a service takes and gives, in Arrow's terms."""

from __future__ import annotations

import pyarrow as pa

from featuresql.compiler.draft import CompiledModel, ServicePlan
from featuresql.ports import ServiceSchema
from featuresql.spec.model import Column


def service_schema(model: CompiledModel, plan: ServicePlan) -> ServiceSchema:
    """Return the Arrow schemas of the service `model`."""
    asked = {c.name: c for c in (*plan.keys, *plan.request)}
    return ServiceSchema(
        name=model.name,
        event_time=plan.spine_event_time,
        request=arrow_schema(tuple(asked.values())),
        online=arrow_schema(tuple(output.column for output in plan.outputs)),
        spine=arrow_schema(plan.spine),
        historical=arrow_schema(model.columns),
        description=model.config.description,
    )


def arrow_schema(columns: tuple[Column, ...]) -> pa.Schema:
    """Return the Arrow schema of typed columns, all of them nullable."""
    return pa.schema([pa.field(column.name, column.type.arrow) for column in columns])
