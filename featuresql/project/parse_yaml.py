"""YAML text -> a tree of nodes with their lines, within bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from featuresql.errors import FeatureSQLError
from featuresql.project.strict_model import describe
from featuresql.project.text_file import Mark, TextFile
from featuresql.project.yaml_node import Scalar, YamlNode

MAX_NODES: Final = 50_000
MAX_DEPTH: Final = 32
_WORDS: Final[dict[str, Scalar]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", "+.inf", ".Inf", ".INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,40}|0o[0-7]{1,40}|0x[0-9a-fA-F]{1,32}")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,6})?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
    r"(?: ?(?:[Zz]|[-+][0-9]{2}:[0-9]{2}))?"
)


def parse_yaml(file: TextFile, errors: list[FeatureSQLError]) -> YamlNode | None:
    """Return the document of `file`, None where it is empty; duplicate keys go to `errors`.

    Read as YAML 1.2 without tags and merge keys. A datetime with a zone becomes a naive one in UTC.
    At most 50,000 values (with aliases expanded), nested at most 32 deep. Raises `ProjectError`.
    """
    builder = _Builder(file, errors)
    try:
        for event in _events(file.text):
            builder.take(event)
    except MarkedYAMLError as error:
        raise _syntax_error(file, error) from error
    except ReaderError as error:
        mark = _mark_of(file.text, error.position)
        found = f"found the control character U+{ord(file.text[error.position]):04X}"
        raise file.error(mark, "yaml-syntax", f"{found}, expected text") from error
    except (YAMLError, ValueError, OverflowError) as error:
        raise file.error((1, 1), "yaml-syntax", f"this is no YAML: {error}") from error
    return builder.root


def _events(text: str) -> Iterator[Event]:
    yield from YAML(typ="safe", pure=True).parse(text)


def _mark_of(text: str, position: int) -> Mark:
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def _syntax_error(file: TextFile, error: MarkedYAMLError) -> FeatureSQLError:
    place = error.problem_mark or error.context_mark
    mark = (place.line + 1, place.column + 1) if place is not None else (1, 1)
    line = file.text.split("\n")[mark[0] - 1] if mark[0] <= file.text.count("\n") + 1 else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        column = line.index("\t") + 1
        return file.error(
            (mark[0], column), "yaml-syntax", "found a tab in the indentation, expected spaces"
        )
    what = ", ".join(str(part) for part in (error.context, error.problem) if part)
    hint = None
    if "{{" in line:
        hint = "put a value with {{ ... }} in quotes"
    elif "mapping values are not allowed" in what:
        hint = "put a value with a colon in quotes, and check the indentation"
    return file.error(mark, "yaml-syntax", f"this is no YAML: {what}", hint)


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come yet."""

    node: YamlNode
    anchor: str | None
    key: str | None = None
    key_mark: Mark | None = None
    size: int = 1


@dataclass(slots=True)
class _Builder:
    """Puts the parser's events together, with a stack of its own."""

    file: TextFile
    errors: list[FeatureSQLError]
    root: YamlNode | None = None
    documents: int = 0
    count: int = 0
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, YamlNode | None] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Take the parser's next event."""
        mark = (event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise self.file.error(mark, "yaml-syntax", "found a second document, expected one")
        elif isinstance(event, CollectionEndEvent):
            self._close()
        elif isinstance(event, NodeEvent):
            self._take_node(event, mark)

    def _take_node(self, event: NodeEvent, mark: Mark) -> None:
        if isinstance(event, AliasEvent):
            self._put(self._alias(event.anchor, mark), mark)
            return
        if getattr(event, "tag", None) is not None:
            raise self.file.error(mark, "yaml-tag", "found a tag, expected a plain value")
        if isinstance(event, ScalarEvent):
            if not event.value and not event.style and self.stack:
                # Nothing stands there, so the parser's mark is that of the next line: the key's is
                # of more use.
                mark = self.stack[-1].key_mark or mark
            content = event.value if event.style else self._scalar(event.value, mark)
            node = YamlNode(content, mark)
            if event.anchor is not None:
                self.anchors[event.anchor] = node
            self._put(node, mark)
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            self._check_no_key_is_due(mark)
            if len(self.stack) >= MAX_DEPTH:
                raise self.file.error(mark, "too-deep", f"nested deeper than {MAX_DEPTH} levels")
            if event.anchor is not None:
                self.anchors[event.anchor] = None
            empty: dict[str, YamlNode] | list[YamlNode]
            empty = {} if isinstance(event, MappingStartEvent) else []
            self.stack.append(_Open(YamlNode(empty, mark), event.anchor))

    def _close(self) -> None:
        done = self.stack.pop()
        content, keys = done.node.content, done.node.keys
        node = YamlNode(content, done.node.mark, keys, done.size)
        if done.anchor is not None:
            self.anchors[done.anchor] = node
        self._put(node, node.mark)

    def _alias(self, name: str, mark: Mark) -> YamlNode:
        if name not in self.anchors:
            raise self.file.error(mark, "yaml-syntax", f"there is no anchor '&{name}' above")
        node = self.anchors[name]
        if node is None:
            raise self.file.error(mark, "yaml-syntax", f"'*{name}' stands within its own anchor")
        return node

    def _put(self, node: YamlNode, mark: Mark) -> None:
        self.count += node.size if not isinstance(node.content, dict | list) else 1
        if not self.stack:
            self.root = None if node.content is None else node
            return
        top = self.stack[-1]
        top.size += node.size
        if max(top.size, self.count) > MAX_NODES:
            raise self.file.error(mark, "too-many-values", f"more than {MAX_NODES:,} values")
        if isinstance(top.node.content, list):
            top.node.content.append(node)
        elif top.key_mark is None:
            self._take_key(top, node, mark)
        else:
            assert isinstance(top.node.content, dict)  # noqa: S101 - only these two are opened
            if top.key is not None:
                top.node.content[top.key] = node
            top.key, top.key_mark = None, None

    def _take_key(self, top: _Open, node: YamlNode, mark: Mark) -> None:
        key = node.content
        top.key_mark = mark
        if not isinstance(key, str):
            self.errors.append(
                self.file.error(
                    mark,
                    "wrong-type",
                    f"found {describe(key)} as a key, expected text",
                    "put the key in quotes",
                )
            )
            return
        if key == "<<":
            hint = "write the keys out"
            self.errors.append(
                self.file.error(mark, "yaml-merge", "merge keys ('<<') are not read", hint)
            )
            return
        if key in top.node.keys:
            line = top.node.keys[key][0]
            message = f"the key '{key}' stands here twice, first in line {line}"
            self.errors.append(self.file.error(mark, "duplicate-key", message))
            return
        top.key = key
        top.node.keys[key] = mark

    def _check_no_key_is_due(self, mark: Mark) -> None:
        if not self.stack or isinstance(self.stack[-1].node.content, list):
            return
        if self.stack[-1].key_mark is None:
            raise self.file.error(
                mark,
                "wrong-type",
                "found a mapping or a list as a key, expected text",
                "put a value with {{ ... }} in quotes",
            )

    def _scalar(self, text: str, mark: Mark) -> Scalar:
        try:
            return _scalar(text)
        except (ValueError, OverflowError) as error:
            message = f"found '{text}', expected a date that exists"
            hint = "put it in quotes if it is no date"
            raise self.file.error(mark, "wrong-type", message, hint) from error


def _scalar(text: str) -> Scalar:
    """Return the value of a scalar that stands without quotes: YAML 1.2's core, and dates."""
    if text in _WORDS:
        return _WORDS[text]
    value: Scalar = text
    if _INTEGER.fullmatch(text):
        value = int(text, 0) if text[1:2] in {"o", "x"} else int(text)
    elif _FLOAT.fullmatch(text):
        value = float(text)
    elif _DATE.fullmatch(text):
        value = date.fromisoformat(text)
    elif _DATETIME.fullmatch(text):
        value = _instant(text)
    return value


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(re.sub(" (?=[-+Z])", "", text.upper()))
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
