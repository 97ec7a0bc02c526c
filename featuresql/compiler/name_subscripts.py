"""Subscripts become calls: an element, a character, a map's value and a field are four things."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from featuresql.compiler.draft import Draft
from featuresql.compiler.typing import column_type_of, to_data_type
from featuresql.compiler.typing.argument import INTEGER
from featuresql.compiler.typing.nested import find_field, slice_bounds, subscript_function
from featuresql.spec.column_type import VARCHAR, ColumnType


def name_subscripts(draft: Draft) -> Draft:
    """Replace `x[i]`, `x[a:b]` and `x.field` by the function that each of them means.

    By the type of `x` an element is `list_extract`, `array_extract` (of text), `map_extract_value`
    or `struct_extract`, a part `list_slice` or `array_slice` (of text). Positions stay as they were
    written: from 1, negative ones from the end. A subscript of JSON stays a subscript.
    """
    if draft.tree.find(exp.Bracket, exp.Dot) is None:
        return draft
    tree = draft.tree.copy()
    for node in list(tree.find_all(exp.Bracket, exp.Dot)):
        call = _call(node, column_type_of(node.this))
        if call is not None:
            call.type = node.type
            node.replace(call)
    return replace(draft, tree=tree)


def _call(node: exp.Expr, kind: ColumnType) -> exp.Expr | None:
    index = node.expression if isinstance(node, exp.Dot) else node.expressions[0]
    if kind.name in {"STRUCT", "TUPLE"}:
        return _field(node.this, kind, index)
    name = subscript_function(kind, index)
    if name is None or isinstance(node, exp.Dot):
        return None
    parts = slice_bounds(index) if isinstance(index, exp.Slice) else [index]
    return exp.Anonymous(this=name, expressions=[node.this, *parts])


def _field(struct: exp.Expr, kind: ColumnType, index: exp.Expr) -> exp.Expr:
    name, _ = find_field(kind, index)
    is_named = kind.name == "STRUCT"
    key = exp.Literal.string(name) if is_named else exp.Literal.number(name)
    key.type = to_data_type(VARCHAR if is_named else INTEGER)
    return exp.StructExtract(this=struct, expression=key)
