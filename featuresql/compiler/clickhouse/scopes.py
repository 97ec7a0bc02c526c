"""Which relation's columns a query reads, and which of them are not its own."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp


def relations_of(select: exp.Select) -> list[exp.Expr]:
    """Return what stands in FROM, from left to right."""
    source = select.args.get("from_")
    found = [] if source is None else [source.this]
    found += [join.this for join in select.args.get("joins") or ()]
    return [*found, *(select.args.get("laterals") or ())]


def names_of(select: exp.Select) -> set[str]:
    """Return the names of the relations in FROM, in lower case."""
    return {relation.alias_or_name.lower() for relation in relations_of(select)}


def free_columns(node: exp.Expr) -> Iterator[exp.Column]:
    """Give the columns in `node` of relations that no query within it reads."""
    if isinstance(node, exp.Column):
        if node.table:
            yield node
        return
    own = names_of(node) if isinstance(node, exp.Select) else set()
    for part in node.iter_expressions():
        for column in free_columns(part):
            if column.table.lower() not in own:
                yield column


def columns_above_from(select: exp.Select) -> list[exp.Column]:
    """Return one column of each (relation, name) that `select` reads of its own relations."""
    own = names_of(select)
    found: dict[tuple[str, str], exp.Column] = {}
    for part in select.iter_expressions():
        for column in free_columns(part):
            if column.table.lower() in own:
                found.setdefault((column.table.lower(), column.name.lower()), column)
    return list(found.values())
