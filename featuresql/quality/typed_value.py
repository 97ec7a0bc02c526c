"""A value of a properties file -> a value of a column's type."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Final

from featuresql.errors import did_you_mean
from featuresql.spec.column_type import ColumnType

_WORDS: Final = frozenset({"nan", "inf", "-inf", "infinity", "-infinity"})


def typed_value(value: object, kind: ColumnType) -> object:
    """Return `value` as Arrow takes it for a column of the type `kind`; None stays None.

    Instants become naive datetimes in UTC: a text without a zone is UTC. Nothing is guessed: a
    number is no text, a text no number (but `nan` and `inf`, and decimals). Whether an integer fits
    its width is not judged here. Raises `ValueError` that says what was found and expected.
    """
    if value is None:
        return None
    if kind.name == "LIST":
        return _list(value, kind)
    if kind.name == "STRUCT":
        return _struct(value, kind)
    convert = _INTEGER if kind.is_integer else _CONVERTERS.get(kind.name)
    if convert is None:
        raise ValueError(f"a value of the type {kind} cannot be written in a file")
    try:
        return convert(value)
    except (ValueError, InvalidOperation):
        message = f"found {_described(value)}, expected {kind}{_advice(value, kind)}"
        raise ValueError(message) from None


def _integer(value: object) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError


def _float(value: object) -> float:
    if isinstance(value, str) and value.lower() in _WORDS:
        return float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise ValueError


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError  # noqa: TRY004 - the caller makes the message of it
    found = Decimal(repr(value) if isinstance(value, float) else value)
    if not found.is_finite():
        raise ValueError
    return found


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004 - as above
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError  # noqa: TRY004 - as above
    return value


def _bytes(value: object) -> bytes:
    return _text(value).encode()


def _date(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return date.fromisoformat(_text(value))


def _instant(value: object) -> datetime:
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, date):
        found = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - UTC without a zone
    else:
        found = datetime.fromisoformat(re.sub(r" (?=[-+Zz])", "", _text(value).strip()))
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _time(value: object) -> time:
    found = value if isinstance(value, time) else time.fromisoformat(_text(value))
    if found.tzinfo is not None:
        raise ValueError
    return found


def _nothing(value: object) -> None:
    raise ValueError(value)


def _list(value: object, kind: ColumnType) -> list[object]:
    if not isinstance(value, list | tuple) or kind.element is None:
        raise ValueError(f"found {_described(value)}, expected a list: {kind}")
    return [typed_value(element, kind.element) for element in value]


def _struct(value: object, kind: ColumnType) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise ValueError(f"found {_described(value)}, expected a mapping: {kind}")  # noqa: TRY004
    fields = dict(kind.fields)
    for name in value:
        if name not in fields:
            raise ValueError(f"{kind} has no field '{name}': {did_you_mean(str(name), fields)}")
    return {name: typed_value(value.get(name), field) for name, field in fields.items()}


_INTEGER: Final[Callable[[object], object]] = _integer
_CONVERTERS: Final[dict[str, Callable[[object], object]]] = {
    "FLOAT": _float,
    "DOUBLE": _float,
    "DECIMAL": _decimal,
    "VARCHAR": _text,
    "JSON": _text,
    "UUID": _text,
    "BLOB": _bytes,
    "BOOLEAN": _boolean,
    "DATE": _date,
    "TIMESTAMP": _instant,
    "TIMESTAMPTZ": _instant,
    "TIME": _time,
    "NULL": _nothing,
}
_DESCRIPTIONS: Final = (
    (bool, "{value}"),
    ((int, float), "the number {value}"),
    (date, "the date {value}"),
    ((list, tuple), "a list"),
    (Mapping, "a mapping"),
)


def _described(value: object) -> str:
    if isinstance(value, str):
        return f"the text '{value[:60]}'"
    for kinds, words in _DESCRIPTIONS:
        if isinstance(value, kinds):
            return words.format(value=str(value).lower())
    return f"a {type(value).__name__}"


def _advice(value: object, kind: ColumnType) -> str:
    if kind.name in {"VARCHAR", "JSON", "UUID", "BLOB"} and not isinstance(value, str):
        return ": put it in quotes"
    if kind.is_numeric and isinstance(value, str):
        return ": write it without quotes"
    return ""
