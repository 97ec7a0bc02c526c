"""A project's macro files -> code that every model's rendering can run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import CodeType

from jinja2 import nodes

from featuresql.errors import FeatureSQLError, Location, RenderError, raise_all
from featuresql.render.environment import make_environment
from featuresql.render.model_functions import FUNCTION_NAMES
from featuresql.render.parse_template import compile_template, parse_template, placed, template_file
from featuresql.render.source_map import TemplateFile
from featuresql.render.template_run import TemplateRun
from featuresql.spec.model import MacroFile


@dataclass(frozen=True, slots=True)
class MacroLibrary:
    """The macros of a project: their files, their code, and where each is defined."""

    files: tuple[TemplateFile, ...]
    codes: tuple[CodeType, ...]
    places: dict[str, Location]


def load_macros(macro_files: Iterable[MacroFile]) -> MacroLibrary:
    """Return the macros of all files.

    Raises RenderError, or all of them, where a file is malformed, says something outside its
    macros, or defines a name that is taken.
    """
    errors: list[FeatureSQLError] = []
    files: list[TemplateFile] = []
    codes: list[CodeType] = []
    places: dict[str, Location] = {}
    for macro_file in macro_files:
        file = template_file(macro_file.path, macro_file.text)
        environment = make_environment(TemplateRun({file.path: file}, file.path))
        try:
            parsed = parse_template(environment, file)
            errors += check_macros(parsed.tree, file, places, only_macros=True)
            codes.append(compile_template(environment, parsed))
            files.append(file)
        except RenderError as error:
            errors.append(error)
    raise_all(errors)
    return MacroLibrary(tuple(files), tuple(codes), places)


def check_macros(
    tree: nodes.Template, file: TemplateFile, places: dict[str, Location], *, only_macros: bool
) -> list[FeatureSQLError]:
    """Return what is wrong with the macros that `tree` defines, and add them to `places`.

    `only_macros` says that the file may hold nothing else but white space and comments.
    """
    errors: list[FeatureSQLError] = []
    for node in tree.body:
        offset = node.lineno
        if isinstance(node, nodes.Macro):
            errors += _check_macro(node, file, places)
        elif only_macros and not _is_blank(node):
            if isinstance(node, nodes.Output):
                offset += next(i for i, c in enumerate(file.text[offset:]) if not c.isspace())
            fault = RenderError(
                "a macro file holds macros only, and what stands here is never used",
                hint="put it into {% macro name() %} … {% endmacro %}",
            )
            errors.append(placed(fault, file, offset))
    return errors


def _check_macro(
    node: nodes.Macro, file: TemplateFile, places: dict[str, Location]
) -> list[FeatureSQLError]:
    location = file.location(node.lineno)
    if node.name in FUNCTION_NAMES:
        fault = RenderError(f"a macro cannot be called '{node.name}': that is a function's name")
        return [placed(fault, file, node.lineno)]
    if node.name in places:
        fault = RenderError(
            f"the macro '{node.name}' is defined twice: here and at {places[node.name]}",
            hint="give one of them another name",
        )
        return [placed(fault, file, node.lineno)]
    places[node.name] = location
    return []


def _is_blank(node: nodes.Node) -> bool:
    if not isinstance(node, nodes.Output):
        return False
    return all(_text_of(child).isspace() for child in node.nodes)


def _text_of(child: nodes.Expr) -> str:
    # An instrumented piece of text is a call run.text(place, text); anything else is an expression.
    if isinstance(child, nodes.Call) and isinstance(child.node, nodes.EnvironmentAttribute):
        last = child.args[-1]
        if child.node.name == "run.text" and isinstance(last, nodes.Const):
            return str(last.value)
    return "x"
