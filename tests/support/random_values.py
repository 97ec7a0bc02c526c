"""Rows of awkward and random values for the tests' table `t`."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - models see UTC without a zone
TEXTS = (
    *(
        "",
        " ",
        "a",
        "abc",
        "ABC",
        "aBc ",
        "  x",
        "naïve",
        "日本語",
        "é",
        "e\u0301",
        "ß",
        "12",
        "-3.5",
    ),
    *("1e3", "0x1F", "true", "2024-02-30", "2024-02-29", "a,b,,c", "%_", "a\\b", "x'y\"z", "\n\t"),
    *("\U0001f600", "null", "NaN", "inf", "1,2", "ab" * 40, "+7", " 42 ", ".5", "5.", "1_000"),
)
JSONS = (
    *('{"a":1}', '{"a":"x","b":{"c":[1,2,{"d":null}]}}', "[]", "{}", "null", "3", '"s"', "[1,[2]]"),
    *('{"a":null}', '{"a":true}', '{"a":[{"b":1},{"b":"z"}]}', '{"é":"ü","a b":2}', "not json", ""),
    *('{"a":{"a":{"a":-5}}}', '{"l":[1,2,3],"n":null}', ' {"a" : 1 } ', '{"a":"\\u00e9\\n"}'),
)


def _maybe(rng: random.Random, make: Callable[[], object]) -> object:
    return None if rng.random() < 0.15 else make()


def _integer(rng: random.Random, bits: int, *, signed: bool = True) -> int:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    edges = (low, high, low + 1, high - 1, 0, 1, 2, 7, 10, 100)
    kind = rng.random()
    if kind < 0.3:
        return rng.choice(edges)
    if kind < 0.7:
        return max(low, min(high, rng.randint(-100, 100)))
    return rng.randint(low, high)


def _float(rng: random.Random) -> float:
    edges = (0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -2.5, float("nan"), float("inf"), float("-inf"))
    more = (1e300, -1e300, 1e-300, 5e-324, 2.0**53, 2.0**63, -(2.0**63), 0.1, 1 / 3)
    kind = rng.random()
    if kind < 0.4:
        return rng.choice(edges + more)
    if kind < 0.8:
        return round(rng.uniform(-1000, 1000), rng.randint(0, 4))
    return rng.gauss(0, 1) * 10 ** rng.randint(-20, 20)


def _decimal(rng: random.Random, precision: int, scale: int) -> Decimal:
    top = 10**precision - 1
    value = rng.choice(
        (0, 1, -1, top, -top, 5, 50, -50, rng.randint(-top, top), rng.randint(-999, 999))
    )
    return Decimal(value).scaleb(-scale)


def _instant(rng: random.Random) -> datetime:
    edges = (-1, 0, 1, 999_999, 86_400_000_000 - 1, 86_400_000_000, 951_782_400_000_000)
    kind = rng.random()
    if kind < 0.2:
        return EPOCH + timedelta(microseconds=rng.choice(edges))
    day = datetime(rng.randint(1930, 2090), rng.randint(1, 12), rng.choice((1, 28, 15)))  # noqa: DTZ001
    if kind < 0.6:
        return day + timedelta(days=rng.randint(0, 3))
    return day + timedelta(microseconds=rng.randrange(86_400_000_000))


def _date(rng: random.Random) -> date:
    return _instant(rng).date()


def _list(rng: random.Random, make: Callable[[], object]) -> list[object]:
    return [_maybe(rng, make) for _ in range(rng.choice((0, 0, 1, 2, 3, 5)))]


def random_rows(schema: pa.Schema, seed: int, count: int) -> pa.Table:
    """Return `count` rows with the columns of `t`; `n` numbers them from 1."""
    rng = random.Random(seed)  # noqa: S311 - reproducible, and no secret
    makers: dict[str, Callable[[], object]] = {
        "g": lambda: rng.choice("abc"),
        "i1": lambda: _integer(rng, 8),
        "i2": lambda: _integer(rng, 16),
        "i4": lambda: _integer(rng, 32),
        "i8": lambda: _integer(rng, 64),
        "u4": lambda: _integer(rng, 32, signed=False),
        "u8": lambda: _integer(rng, 64, signed=False),
        "f4": lambda: rng.choice(
            (0.0, -0.0, 1.5, -2.25, 1e10, 0.1, float("nan"), rng.uniform(-9, 9))
        ),
        "f8": lambda: _float(rng),
        "f9": lambda: _float(rng),
        "d1": lambda: _decimal(rng, 9, 2),
        "d2": lambda: _decimal(rng, 18, 4),
        "b": lambda: rng.random() < 0.5,
        "c": lambda: rng.random() < 0.5,
        "s": lambda: rng.choice(TEXTS),
        "s2": lambda: rng.choice((*TEXTS[:20], ",", "b", "x")),
        "d": lambda: _date(rng),
        "ts": lambda: _instant(rng),
        "ts2": lambda: _instant(rng),
        "js": lambda: rng.choice(JSONS),
    }
    lists: dict[str, Callable[[], object]] = {
        "li": lambda: _list(rng, lambda: rng.choice((1, 2, 3, rng.randint(-(2**31), 2**31 - 1)))),
        "lf": lambda: _list(rng, lambda: _float(rng)),
        "ls": lambda: _list(rng, lambda: rng.choice(TEXTS[:12])),
        "st": lambda: {
            "a": _maybe(rng, lambda: rng.randint(-5, 5)),
            "b": _maybe(rng, lambda: rng.choice(TEXTS)),
        },
    }
    columns: list[pa.Array] = []
    for field in schema:
        if field.name == "n":
            columns.append(pa.array(range(1, count + 1), field.type))
        elif field.name in lists:
            columns.append(pa.array([lists[field.name]() for _ in range(count)], field.type))
        else:
            make = makers[field.name]
            columns.append(pa.array([_maybe(rng, make) for _ in range(count)], field.type))
    return pa.Table.from_arrays(columns, schema=schema)
