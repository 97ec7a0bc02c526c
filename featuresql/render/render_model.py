"""One model's template -> SQL, with the way back to the template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from jinja2.environment import Template
from jinja2.exceptions import TemplateError
from jinja2.utils import missing

from featuresql.errors import (
    FeatureSQLError,
    Location,
    ManyErrors,
    RenderError,
    did_you_mean,
    raise_all,
)
from featuresql.render.check_literals import find_misplaced_literal
from featuresql.render.dbt_names import DBT_NAMES
from featuresql.render.environment import TemplateEnvironment, make_environment
from featuresql.render.limits import MAX_TEXT_CHARACTERS, limit_error
from featuresql.render.literal import kind_of
from featuresql.render.load_macros import MacroLibrary, check_macros, load_macros
from featuresql.render.model_functions import ModelFunctions
from featuresql.render.parse_template import (
    ParsedTemplate,
    compile_template,
    parse_template,
    placed,
    template_file,
)
from featuresql.render.rendered import RenderedModel
from featuresql.render.source_map import SourceMap, make_source_map
from featuresql.render.template_run import VALUE_FAULTS, TemplateRun
from featuresql.render.template_text import RenderedText, join_rendered, plain_text
from featuresql.render.undefined import UndefinedNameError
from featuresql.spec.model import ModelFile, Project


def render_model(
    model: ModelFile,
    project: Project,
    *,
    variables: Mapping[str, object] | None = None,
    macros: MacroLibrary | None = None,
) -> RenderedModel:
    """Render one model's template.

    `variables` go before the project's own. `macros` are the project's, where they have been loaded
    already. Raises RenderError with the place in the template or the macro file, and ProjectError
    where config() says what it may not.
    """
    library = load_macros(project.macros) if macros is None else macros
    file = template_file(model.path, model.text)
    run = TemplateRun({each.path: each for each in (*library.files, file)}, model.path)
    environment = make_environment(run)
    parsed = parse_template(environment, file)
    raise_all(check_macros(parsed.tree, file, dict(library.places), only_macros=False))
    known = {**project.variables, **(variables or {})}
    functions = ModelFunctions(model.name, project, known, run)
    names: dict[str, object] = dict(functions.by_name())
    with _run_faults(run, names):
        pieces = _run_template(environment, parsed, library, names)
    sql, source_map = _assemble(parsed, pieces)
    return RenderedModel(
        name=model.name,
        path=model.path,
        template=model.text,
        sql=sql,
        source_map=source_map,
        config=functions.model_config,
        config_location=functions.config_location or Location(model.path),
        refs=functions.refs,
        sources=functions.sources,
        config_places={name: value for name, (_, value) in functions.config_places.items()},
    )


def _run_template(
    environment: TemplateEnvironment,
    parsed: ParsedTemplate,
    library: MacroLibrary,
    names: dict[str, object],
) -> list[RenderedText]:
    """Return the pieces that the template puts out. Adds the macros to `names`."""
    for code in library.codes:
        template = Template.from_code(environment, code, {})
        # The names are shared, not copied: a macro finds those of files that are read later.
        context = template.new_context(names, shared=True)
        for _ in template.root_render_func(context):
            pass
        names.update(context.get_exported())
    code = compile_template(environment, parsed)
    template = Template.from_code(environment, code, {})
    pieces: list[RenderedText] = []
    length = 0
    for piece in template.root_render_func(template.new_context(names, shared=True)):
        assert isinstance(piece, RenderedText)  # noqa: S101 - every output is instrumented
        length += len(piece)
        if length > MAX_TEXT_CHARACTERS:
            raise limit_error(f"SQL of more than {MAX_TEXT_CHARACTERS:,} characters")
        pieces.append(piece)
    return pieces


def _assemble(parsed: ParsedTemplate, pieces: list[RenderedText]) -> tuple[str, SourceMap]:
    joined = join_rendered(pieces)
    sql = plain_text(joined)
    shape = [(len(piece), piece.origin, piece.exact) for piece in pieces]
    source_map = make_source_map(parsed.file, sql, shape)
    if isinstance(joined, RenderedText):
        fault = find_misplaced_literal(sql, joined.literals)
        if fault is not None:
            location = source_map.locate(fault.offset)
            raise RenderError(
                fault.reason,
                code="template-variable",
                location=location,
                excerpt=source_map.excerpt(location),
                hint="a variable prints as a whole literal with quotes of its own: remove the "
                "quotes around it and leave a space beside it",
            )
    try:
        sql.encode()
    except UnicodeEncodeError as fault:
        error = RenderError("the SQL holds half a surrogate, which is no character")
        error.location = source_map.locate(fault.start)
        raise placed(error, parsed.file, 0) from None
    return sql, source_map


@contextmanager
def _run_faults(run: TemplateRun, names: Mapping[str, object]) -> Iterator[None]:
    """Translate the faults of a running template into RenderErrors with their places."""
    try:
        yield
    except UndefinedNameError as fault:
        path, offset = run.here
        run.here = (path, run.files[path].offset_of_name(fault.name, offset))
        raise _located(run, _undefined_error(fault, names)) from None
    except RenderError as error:
        raise _located(run, error) from None
    except FeatureSQLError as error:
        for part in error.errors if isinstance(error, ManyErrors) else (error,):
            if part.location is not None and part.excerpt is None:
                file = run.files.get(part.location.path)
                part.excerpt = file.excerpt(part.location) if file else None
        raise
    except RecursionError:
        raise _located(run, limit_error("calls within calls, too deep")) from None
    except (TemplateError, *VALUE_FAULTS) as error:
        raise _located(run, RenderError(_plain_message(error))) from None


def _located(run: TemplateRun, error: RenderError) -> RenderError:
    if error.location is None and run.here[0] != run.model_path:
        caller = run.location(run.place_in_model())
        error.message = f"{error.message} (in a macro that was called at {caller})"
    path, offset = run.here
    return placed(error, run.files[path], offset)


def _undefined_error(fault: UndefinedNameError, names: Mapping[str, object]) -> RenderError:
    if fault.hint is not None and fault.hint.startswith("parameter"):
        return RenderError(f"the macro was called without its '{fault.name}'")
    if fault.owner is not missing:
        hint = (
            did_you_mean(fault.name, map(str, fault.owner))
            if isinstance(fault.owner, dict)
            else None
        )
        return RenderError(f"{kind_of(fault.owner)} has no '{fault.name}'", hint=hint)
    if fault.name in DBT_NAMES:
        return RenderError(f"'{fault.name}' is not known here", hint=DBT_NAMES[fault.name])
    return RenderError(f"'{fault.name}' is not defined", hint=did_you_mean(fault.name, names))


def _plain_message(error: Exception) -> str:
    if isinstance(error, ZeroDivisionError):
        return "a number is divided by zero"
    if isinstance(error, OverflowError):
        return "a number grows too large"
    text = str(error).removesuffix(".")
    return text.replace("VariableText", "text").replace("RenderedText", "text") or "it fails"
