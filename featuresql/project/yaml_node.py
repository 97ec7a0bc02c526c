"""YAML as a tree of values that remember where they stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from featuresql.project.text_file import Mark

Scalar = str | int | float | bool | None | date | datetime


@dataclass(frozen=True, slots=True)
class YamlNode:
    """One value of a YAML document.

    `content` is a scalar, a mapping of nodes by their keys, or a list of nodes. `mark` is the line
    and column where it begins, `keys` those of a mapping's keys. `size` counts this node and those
    below, aliases expanded. `from_environment` says that the value came out of `env_var`,
    `unevaluated` that it holds an `env_var` which was not, or could not be, evaluated.
    """

    content: Scalar | dict[str, YamlNode] | list[YamlNode] = field(repr=False)
    mark: Mark = (1, 1)
    keys: dict[str, Mark] = field(default_factory=dict, repr=False)
    size: int = 1
    from_environment: bool = False
    unevaluated: bool = False

    def plain(self) -> object:
        """Return the value as plain dicts, lists and scalars."""
        if isinstance(self.content, dict):
            return {key: node.plain() for key, node in self.content.items()}
        if isinstance(self.content, list):
            return [node.plain() for node in self.content]
        if self.from_environment and isinstance(self.content, str):
            return EnvironmentText(self.content)
        return self.content

    def child(self, part: object) -> YamlNode | None:
        """Return the node under a key or an index, or None."""
        if isinstance(self.content, dict) and isinstance(part, str):
            return self.content.get(part)
        if isinstance(self.content, list) and isinstance(part, int):
            return self.content[part] if part < len(self.content) else None
        return None

    def items(self) -> dict[str, YamlNode]:
        """Return the nodes of a mapping by their keys; none where this is no mapping."""
        return self.content if isinstance(self.content, dict) else {}

    def elements(self) -> list[YamlNode]:
        """Return the nodes of a list; none where this is no list."""
        return self.content if isinstance(self.content, list) else []

    def key_mark(self, key: str) -> Mark:
        """Return where `key` stands in this mapping, or where the mapping begins."""
        return self.keys.get(key, self.mark)

    def value_mark(self, key: str) -> Mark:
        """Return where the value under `key` begins, or where the mapping begins."""
        node = self.child(key)
        return node.mark if node is not None else self.mark

    def is_evaluated(self) -> bool:
        """Return whether every value in this node is known."""
        if isinstance(self.content, dict):
            return all(node.is_evaluated() for node in self.content.values())
        if isinstance(self.content, list):
            return all(node.is_evaluated() for node in self.content)
        return not self.unevaluated


class EnvironmentText(str):
    """A text that `env_var` gave: it may stand for a number or a boolean, and is never shown."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Show that there is a value, not which."""
        return "'***'"
