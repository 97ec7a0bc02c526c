"""Template text -> a tree that is checked and tells the run its places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.parser import Parser

from featuresql.errors import RenderError
from featuresql.render.environment import TemplateEnvironment
from featuresql.render.instrument import instrument
from featuresql.render.limits import MAX_TEMPLATE_CHARACTERS, limit_error
from featuresql.render.source_map import TemplateFile

_LINE_END = re.compile(r"\r\n|\r")


@dataclass(frozen=True, slots=True)
class ParsedTemplate:
    """A template's file and its instrumented tree."""

    file: TemplateFile
    tree: nodes.Template


def template_file(path: str, text: str) -> TemplateFile:
    r"""Return the file as Jinja reads it: every line end is `\n`."""
    return TemplateFile(path, _LINE_END.sub("\n", text))


def parse_template(environment: TemplateEnvironment, file: TemplateFile) -> ParsedTemplate:
    """Parse and instrument a template.

    Raises RenderError, with the place, where it is no valid template or too large, or uses what
    templates may not use.
    """
    with syntax_faults(file):
        if len(file.text) > MAX_TEMPLATE_CHARACTERS:
            raise limit_error(f"a template of more than {MAX_TEMPLATE_CHARACTERS:,} characters")
        tree = Parser(environment, file.text, file.path, file.path).parse()
        return ParsedTemplate(file, instrument(tree, file, environment.openings))


def compile_template(environment: TemplateEnvironment, parsed: ParsedTemplate) -> CodeType:
    """Return the code that renders a parsed template; RenderError where it is nested too deeply."""
    with syntax_faults(parsed.file):
        # Jinja's own types say that only text can be compiled to code; it takes trees too.
        return environment.compile(parsed.tree, parsed.file.path, parsed.file.path)


@contextmanager
def syntax_faults(file: TemplateFile) -> Iterator[None]:
    """Translate the faults of reading a template into RenderErrors with their places."""
    try:
        yield
    except RenderError as error:
        raise placed(error, file, 0) from None
    except TemplateSyntaxError as error:
        fault = RenderError(_syntax_message(error), code="template-syntax")
        raise placed(fault, file, error.lineno) from None
    except SyntaxError as error:
        # Of Python's own compiler. Too many blocks within each other are the usual reason.
        if "too many" in error.msg:
            raise placed(limit_error("it is nested too deeply"), file, 0) from None
        reason = re.sub(r"\bl_\d+_", "", error.msg)
        raise placed(RenderError(f"the template is malformed: {reason}"), file, 0) from None
    except (RecursionError, MemoryError):
        raise placed(limit_error("it is nested too deeply"), file, 0) from None
    except (ValueError, OverflowError):
        # Of a number that Python will not read; anything else in a template is a syntax error.
        raise placed(RenderError("a number in the template is too long"), file, 0) from None


def placed(error: RenderError, file: TemplateFile, offset: int) -> RenderError:
    """Return `error`, which now has a place: its own, or else `offset` in `file`."""
    if error.location is None:
        error.location = file.location(offset)
    if error.excerpt is None and error.location.path == file.path:
        error.excerpt = file.excerpt(error.location)
    return error


def _syntax_message(error: TemplateSyntaxError) -> str:
    message = (error.message or "the template is malformed").removesuffix(".")
    message = re.sub(r"^unexpected char (.+) at \d+$", r"unexpected character \1", message)
    if message.endswith(("character '\"'", 'character "\'"')):
        message = "a text is not closed: its second quote is missing"
    message = message.replace("Jinja was looking for", "it lacks one of")
    return message[:1].lower() + message[1:]
