"""The change to a parsed template that lets its run know where it is and what it costs."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import cast

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from featuresql.errors import RenderError, did_you_mean
from featuresql.render.filters import FILTER_NAMES, TEST_NAMES
from featuresql.render.limits import MAX_INTEGER_BITS, MAX_NODE_DEPTH, MAX_NODES, limit_error
from featuresql.render.source_map import TemplateFile

PLACE_ARGUMENT = "_at"

_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.Macro,
    nodes.CallBlock, nodes.FilterBlock, nodes.With, nodes.Assign, nodes.AssignBlock, nodes.ExprStmt,
    nodes.Break, nodes.Continue, nodes.Name, nodes.NSRef, nodes.Const, nodes.Tuple, nodes.List,
    nodes.Dict, nodes.Pair, nodes.Keyword, nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Call,
    nodes.Getitem, nodes.Getattr, nodes.Slice, nodes.Concat, nodes.Compare, nodes.Operand,
    nodes.BinExpr, nodes.UnaryExpr,
)  # fmt: skip
_MACROS_HINT = "macros are called by their names; no file needs to be named"
_REFUSED: dict[type[nodes.Node], tuple[str, str]] = {
    nodes.Import: ("import", _MACROS_HINT),
    nodes.FromImport: ("from … import", _MACROS_HINT),
    nodes.Include: ("include", "put the text into a macro and call it"),
    nodes.Extends: ("extends", "put what templates share into a macro"),
    nodes.Block: ("block", "put what templates share into a macro"),
    nodes.Scope: ("autoescape", "SQL is not escaped; remove the tag"),
}


def instrument(tree: nodes.Template, file: TemplateFile, openings: Sequence[int]) -> nodes.Template:
    """Return `tree`, changed in place, with calls into the template's run put into it.

    `openings` are the offsets of the tags and expressions. `file.names` is filled on the way.
    The nodes' `lineno` must be offsets, as `OffsetLexer` gives them. Raises RenderError, with its
    location, at what templates may not use.
    """
    return cast("nodes.Template", _Instrument(file, openings).visit(tree))


class _Instrument(NodeTransformer):
    def __init__(self, file: TemplateFile, openings: Sequence[int]) -> None:
        self.file = file
        self.openings = openings
        self.loops = 0
        self.depth = 0
        self.nodes = 0
        self.blocks = 0

    def visit(self, node: nodes.Node, *_: object, **__: object) -> nodes.Node | list[nodes.Node]:
        """Change one node and all below it; RenderError where it is none of the allowed."""
        if not isinstance(node, _ALLOWED):
            tag, hint = _REFUSED.get(type(node), (type(node).__name__.lower(), "remove it"))
            raise self._error(node, f"{{% {tag} %}} is not for templates of SQL", hint)
        self.depth += 1
        self.nodes += 1
        if self.depth > MAX_NODE_DEPTH:
            error = limit_error(f"it is nested more than {MAX_NODE_DEPTH} deep")
            raise self._located(node, error)
        if self.nodes > MAX_NODES:
            error = limit_error(f"more than {MAX_NODES:,} parts of expressions and tags")
            raise self._located(node, error)
        visitor = self.get_visitor(node)
        changed = visitor(node) if visitor is not None else self.generic_visit(node)
        self.depth -= 1
        return cast("nodes.Node | list[nodes.Node]", changed)

    def visit_Output(self, node: nodes.Output) -> nodes.Output:  # noqa: N802 - Jinja's name
        """Send every piece of output through the run, with its place."""
        changed: list[nodes.Expr] = []
        for child in node.nodes:
            if isinstance(child, nodes.TemplateData):
                text = nodes.Const(child.data)
                changed.append(_run("text", self._place(child.lineno), text))
            else:
                changed.append(self._emit(_start(child), child))
        return nodes.Output(changed, lineno=node.lineno)

    def visit_Call(self, node: nodes.Call) -> nodes.Call:  # noqa: N802
        """Tell the run where the call stands."""
        start = _start(node.node)
        self._check_names(node)
        if isinstance(node.node, nodes.Name) and node.node.name == "config":
            self.file.arguments[start] = {k.key: self._argument(start, k) for k in node.kwargs}
        self.generic_visit(node)
        self._add_place(node, start)
        return node

    def visit_Filter(self, node: nodes.Filter) -> nodes.Filter:  # noqa: N802
        """Check the filter's name, and tell the run where it stands."""
        if node.name not in FILTER_NAMES:
            hint = did_you_mean(node.name, FILTER_NAMES)
            raise self._error(node, f"there is no filter '{node.name}'", hint)
        self._check_names(node)
        self.generic_visit(node)
        self._add_place(node, node.lineno)
        return node

    def visit_Test(self, node: nodes.Test) -> nodes.Test:  # noqa: N802
        """Check the test's name."""
        if node.name not in TEST_NAMES:
            hint = did_you_mean(node.name, TEST_NAMES)
            raise self._error(node, f"there is no test '{node.name}'", hint)
        self.generic_visit(node)
        return node

    def visit_Name(self, node: nodes.Name) -> nodes.Name:  # noqa: N802
        """Note where the name stands."""
        if node.name.startswith("__"):
            raise self._error(node, f"no name may start with two underscores: '{node.name}'")
        self.file.names.setdefault(node.name, []).append(node.lineno)
        return node

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Getattr:  # noqa: N802
        """Note where the attribute's name stands."""
        self.file.names.setdefault(node.attr, []).append(node.lineno)
        self.generic_visit(node)
        return node

    def visit_Const(self, node: nodes.Const) -> nodes.Const:  # noqa: N802
        """Refuse numbers that cannot be written again."""
        value = node.value
        if isinstance(value, float) and not math.isfinite(value):
            raise self._error(node, "this number is too large")
        if isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
            raise self._error(node, "this number is too large")
        return node

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802
        """Count what the loop goes over; refuse recursion, which hides where text comes from."""
        if node.recursive:
            raise self._error(node, "loops cannot be recursive", "call a macro that calls itself")
        start = _start(node.iter)
        self.loops += 1
        self.generic_visit(node)
        self.loops -= 1
        node.iter = _run("items", self._mark(start), cast("nodes.Expr", node.iter))
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Macro:  # noqa: N802
        """Begin again with no loop around: a macro is left by its end only."""
        loops, self.loops = self.loops, 0
        self.generic_visit(node)
        self.loops = loops
        return node

    def visit_Break(self, node: nodes.Break) -> nodes.Break:  # noqa: N802
        """Refuse a way out of a loop where there is none."""
        if not self.loops:
            raise self._error(node, "there is no loop to break out of")
        return node

    def visit_Continue(self, node: nodes.Continue) -> nodes.Continue:  # noqa: N802
        """Refuse a way on in a loop where there is none."""
        if not self.loops:
            raise self._error(node, "there is no loop to continue")
        return node

    def visit_If(self, node: nodes.If) -> nodes.If:  # noqa: N802
        """Note the place of the condition."""
        start = _start(node.test)
        self.generic_visit(node)
        node.test = _run("at", self._mark(start), cast("nodes.Expr", node.test))
        return node

    def visit_Assign(self, node: nodes.Assign) -> nodes.Assign:  # noqa: N802
        """Note the place of the value."""
        start = _start(node.node)
        self.generic_visit(node)
        node.node = _run("at", self._mark(start), cast("nodes.Expr", node.node))
        return node

    def visit_ExprStmt(self, node: nodes.ExprStmt) -> nodes.ExprStmt:  # noqa: N802
        """Note the place of what is done."""
        start = _start(node.node)
        self.generic_visit(node)
        node.node = _run("at", self._mark(start), cast("nodes.Expr", node.node))
        return node

    def visit_With(self, node: nodes.With) -> nodes.With:  # noqa: N802
        """Note the places of the values."""
        starts = [_start(value) for value in node.values]
        self.generic_visit(node)
        node.values = [
            _run("at", self._mark(start), value)
            for start, value in zip(starts, node.values, strict=True)
        ]
        return node

    def visit_CallBlock(self, node: nodes.CallBlock) -> list[nodes.Node]:  # noqa: N802
        """Keep what the call gives, and put it out as any expression."""
        return self._captured(node.lineno, nodes.CallBlock, node)

    def visit_FilterBlock(self, node: nodes.FilterBlock) -> list[nodes.Node]:  # noqa: N802
        """Keep what the filter gives, and put it out as any expression."""
        return self._captured(node.lineno, nodes.FilterBlock, node)

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.CondExpr:  # noqa: N802
        """Give an inline `if` without `else` the empty text that it prints in Jinja."""
        if node.expr2 is None:
            node.expr2 = nodes.Const("", lineno=node.lineno)
        self.generic_visit(node)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:  # noqa: N802
        """Join within the limits."""
        self.generic_visit(node)
        return _run("join", *node.nodes)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Compare:  # noqa: N802
        """Count what a comparison has to look at."""
        self.generic_visit(node)
        node.expr = _run("weigh", node.expr)
        for operand in node.ops:
            operand.expr = _run("weigh", operand.expr)
        return node

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Expr:  # noqa: N802
        """Count the items of a list that is made."""
        self.generic_visit(node)
        return node if node.ctx != "load" else _run("weigh", node)

    def visit_List(self, node: nodes.List) -> nodes.Expr:  # noqa: N802
        """Count the items of a list that is made."""
        self.generic_visit(node)
        return _run("weigh", node)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Expr:  # noqa: N802
        """Count the items of a mapping that is made."""
        self.generic_visit(node)
        return _run("weigh", node)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Expr:  # noqa: N802
        """Take slices within the limits."""
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Slice):
            return node
        none = nodes.Const(None)
        part = node.arg
        return _run("slice", node.node, part.start or none, part.stop or none, part.step or none)

    def _check_names(self, node: nodes.Call | nodes.Filter) -> None:
        given: set[str] = set()
        for keyword in cast("list[nodes.Keyword]", node.kwargs):
            if keyword.key.startswith("_"):
                raise self._error(keyword, f"no argument may be called '{keyword.key}'")
            if keyword.key in given:
                raise self._error(keyword, f"the argument '{keyword.key}' is given twice")
            given.add(keyword.key)

    def _argument(self, call: int, keyword: nodes.Keyword) -> tuple[int, int]:
        """Return the offsets of a named argument and its value; Jinja keeps only the latter."""
        value = _start(keyword.value)
        before = self.file.text[call:value]
        name = re.search(rf"\b{re.escape(keyword.key)}\s*=[\s(]*$", before)
        return (call + name.start() if name else value), value

    def _add_place(self, node: nodes.Call | nodes.Filter, offset: int) -> None:
        # Jinja gives pairs as the type of a filter's keywords, and makes keywords.
        keywords = cast("list[nodes.Keyword]", node.kwargs)
        keywords.append(nodes.Keyword(PLACE_ARGUMENT, self._place(offset)))

    def _captured(
        self, offset: int, kind: type[nodes.Node], node: nodes.CallBlock | nodes.FilterBlock
    ) -> list[nodes.Node]:
        self.blocks += 1
        name = f"__{kind.__name__}_{self.blocks}"
        loops, self.loops = self.loops, self.loops if kind is nodes.FilterBlock else 0
        self.generic_visit(node)
        self.loops = loops
        kept = nodes.AssignBlock(nodes.Name(name, "store"), None, [node], lineno=offset)
        shown = self._emit(offset, nodes.Name(name, "load"), visited=True)
        return [kept, nodes.Output([shown], lineno=offset)]

    def _emit(self, start: int, node: nodes.Expr, *, visited: bool = False) -> nodes.Expr:
        # An error lies at the expression, what is put out at the braces that hold it.
        opening = self.openings[max(bisect_right(self.openings, start) - 1, 0)]
        value = node if visited else cast("nodes.Expr", self.visit(node))
        return _run("emit", self._mark(start), nodes.Const(opening), value)

    def _place(self, offset: int) -> nodes.Const:
        return nodes.Const((self.file.path, offset))

    def _mark(self, offset: int) -> nodes.Expr:
        return _run("mark", self._place(offset))

    def _error(self, node: nodes.Node, message: str, hint: str | None = None) -> RenderError:
        return self._located(node, RenderError(message, hint=hint))

    def _located(self, node: nodes.Node, error: RenderError) -> RenderError:
        # A filter stands behind what it is applied to; all else is named by its first token.
        offset = node.lineno if isinstance(node, nodes.Filter) else _start(node)
        error.location = self.file.location(offset)
        error.excerpt = self.file.excerpt(error.location)
        return error


def _run(method: str, *arguments: nodes.Expr) -> nodes.Expr:
    target = nodes.EnvironmentAttribute(f"run.{method}")
    return nodes.Call(target, list(arguments), [], None, None)


def _start(node: nodes.Node) -> int:
    """Return the offset of the expression's first token."""
    # Some nodes that the parser makes up have no place, whatever their type says.
    found: list[int | None] = [node.lineno, *(each.lineno for each in node.find_all(nodes.Node))]
    return min((offset for offset in found if offset is not None), default=0)
