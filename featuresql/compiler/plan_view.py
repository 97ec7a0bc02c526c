"""A feature view: its keys, its instants, its features."""

from __future__ import annotations

from dataclasses import replace

from featuresql.compiler.collect_columns import output
from featuresql.compiler.draft import Draft
from featuresql.errors import CompileError, did_you_mean, raise_all
from featuresql.spec.model import EVERYBODY, Column, FeatureView

STORED_INSTANTS = ("event_ts", "available_at")
UNSTORABLE = frozenset({"NULL", "INTERVAL", "TIMESTAMPTZ"})


def plan_view(draft: Draft) -> Draft:
    """Check what `config()` promises of a feature view, and describe the view for the stores.

    Without an entity its rows count for everybody. Other kinds of model pass unchanged.

    Raises `CompileError` for each promise that is broken.
    """
    config = draft.rendered.config
    if config.kind != "feature_view":
        return draft
    keys = _keys(draft, config.entity) if config.entity is not None else ()
    errors = [_key_error(draft, key) for key in keys]
    instants = [name for name in (config.event_time, config.available_at) if name]
    errors += [instant_error(draft, name) for name in instants]
    special = {key.name for key in keys} | set(instants)
    features = tuple(column for column in draft.columns if column.name not in special)
    errors += [_feature_error(draft, feature) for feature in features]
    if not features:
        place = draft.rendered.config_location
        errors.append(draft.error_at("no-features", "the view has no feature column", place))
    raise_all([error for error in errors if error is not None])
    view = FeatureView(
        name=draft.rendered.name,
        entity=config.entity or "",
        keys=keys or (EVERYBODY,),
        event_time=config.event_time or "",
        available_at=config.available_at,
        features=features,
        ttl_us=config.ttl_us,
    )
    return replace(draft, view=view)


def _keys(draft: Draft, name: str) -> tuple[Column, ...]:
    entity = draft.catalog.entities.get(name)
    if entity is None:
        hint = did_you_mean(name, draft.catalog.entities)
        message = f"there is no entity '{name}'"
        raise draft.error_at("unknown-entity", message, draft.rendered.config_location, hint)
    return entity.keys


def instant_error(draft: Draft, name: str) -> CompileError | None:
    """Return what is wrong with the column that holds the model's instants, if anything is."""
    place = draft.rendered.config_location
    found = next((column for column in draft.columns if column.name == name), None)
    if found is None:
        hint = did_you_mean(name, [column.name for column in draft.columns])
        return draft.error_at(
            "unknown-column", f"config names '{name}', the model has no such column", place, hint
        )
    if found.type.name != "TIMESTAMP":
        message = f"'{name}' holds instants, so it has to be TIMESTAMP; it is {found.type}"
        return draft.error(
            "instant-type", message, output(draft.tree, name), "cast it to TIMESTAMP"
        )
    return None


def _key_error(draft: Draft, key: Column) -> CompileError | None:
    found = next((column for column in draft.columns if column.name == key.name), None)
    if found is None:
        message = f"the view lacks '{key.name}', a key of its entity"
        hint = did_you_mean(key.name, [column.name for column in draft.columns])
        return draft.error_at("missing-key", message, draft.rendered.config_location, hint)
    if found.type != key.type:
        message = f"the key '{key.name}' is {found.type}, its entity says {key.type}"
        return draft.error(
            "key-type", message, output(draft.tree, key.name), f"cast it to {key.type}"
        )
    return None


def _feature_error(draft: Draft, feature: Column) -> CompileError | None:
    node = output(draft.tree, feature.name)
    if feature.name in STORED_INSTANTS:
        message = f"a feature cannot be called '{feature.name}': that is the name of an instant"
        return draft.error("reserved-name", message, node, "give it another name")
    if feature.type.name in UNSTORABLE:
        message = f"a feature cannot be {feature.type}: '{feature.name}'"
        return draft.error("feature-type", message, node, "cast it to a type that can be stored")
    return None
