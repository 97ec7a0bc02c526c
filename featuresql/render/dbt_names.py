"""Names that people bring from dbt, and what to use in their place."""

from __future__ import annotations

from typing import Final

_NO_QUERY: Final = "templates do not query; say it in the model's SQL"
_TARGET: Final = "models are the same for all targets; use var() for what differs"
_INCREMENTAL: Final = "set materialized='incremental' and an interval; intervals cut the output"
_PLAIN: Final = "use Jinja's own filters and lists"

DBT_NAMES: Final[dict[str, str]] = {
    "env_var": "env_var() is for the targets of the project file only, since compiled SQL is kept "
    "as a file; declare a variable, read it with var(), and give its value with --vars",
    "this": _INCREMENTAL,
    "is_incremental": _INCREMENTAL,
    "adapter": _NO_QUERY,
    "run_query": _NO_QUERY,
    "statement": _NO_QUERY,
    "load_result": _NO_QUERY,
    "store_result": _NO_QUERY,
    "execute": "templates are rendered once, without a database; remove the condition",
    "graph": "ask `featuresql ls` or `featuresql lineage`",
    "model": "name the model's properties in config()",
    "target": _TARGET,
    "schema": _TARGET,
    "database": _TARGET,
    "flags": _TARGET,
    "env": _TARGET,
    "run_started_at": "a model does not depend on the clock; use its event time",
    "invocation_id": "a model does not depend on its run",
    "modules": _PLAIN,
    "set": _PLAIN,
    "zip": _PLAIN,
    "dict": "write a mapping as {'key': value}",
    "tojson": _PLAIN,
    "fromjson": _PLAIN,
    "return": "what a macro prints is what it gives",
    "exceptions": "let a test or the compiler refuse it",
    "builtins": "ref, source, var, config and log are always there",
    "dbt_utils": "packages are not read; write the macro in your macros folder",
    "dbt": "packages are not read; write the macro in your macros folder",
    "print": "use log()",
    "debug": "use `featuresql debug`",
    "joiner": "use {% if not loop.last %},{% endif %}, or | join(', ')",
    "cycler": "use loop.cycle()",
    "lipsum": "there is no such text",
}
