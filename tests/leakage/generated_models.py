"""Models made at random: chains of steps over relations with the columns `k, id, t, u, v`.

A careful author's model keeps one promise from step to step: all that a row holds, and that it is
there, is known at its `t`. Another author makes the same steps, some of them with a slip.
"""
# ruff: noqa: E501, PLR0911 - a step reads best as one line, a choice as one return

from __future__ import annotations

import random
from dataclasses import dataclass, field

from generated_parts import (
    AGGREGATES,
    EARLY_INSTANTS,
    FRAMES,
    FUTURE,
    FUTURE_CALLS,
    FUTURE_FRAMES,
    FUTURE_RANGES,
    INSTANTS,
    OWN,
    PAST,
    RANGE_CALLS,
    RANGES,
    ROW_CALLS,
)

SLIP_SHARE = 0.3
MAX_STEPS = 4
MAX_JOINS = 2


@dataclass
class Author:
    """Somebody who writes models: `is_careful` or with slips, by the choices of `pick`."""

    pick: random.Random
    is_careful: bool
    ctes: list[tuple[str, str]] = field(default_factory=list)
    models: dict[str, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    joins: int = 0

    def one(self, clean: tuple[str, ...], slips: tuple[str, ...] = ()) -> str:
        """Choose one text, seldom a slip, and never where the author is careful."""
        slips_now = bool(slips) and not self.is_careful and self.pick.random() < SLIP_SHARE
        return self.pick.choice(slips if slips_now else clean)

    def chance(self, share: float) -> bool:
        return self.pick.random() < share

    def add(self, text: str, split_share: float = 0.15) -> str:
        """Add a step; it may become a model of its own."""
        name = f"s{len(self.names)}"
        if self.chance(split_share):
            model = f"m{len(self.models)}"
            self.models[model] = "{{ config(engines=['duckdb']) }}\n" + self.with_ctes(text)
            self.ctes = []
            self.names = [f"{{{{ ref('{model}') }}}}"]
            return self.names[0]
        self.ctes.append((name, text))
        self.names.append(name)
        return name

    def with_ctes(self, body: str) -> str:
        shown = ",\n".join(f"{name} as ({text})" for name, text in self.ctes)
        return f"with {shown}\n{body}" if shown else body

    def other(self) -> str:
        """Choose a relation that was made before, or make a new one."""
        if self.chance(0.4) or not self.names:
            return self.add(base(self), split_share=0)
        return self.pick.choice(self.names)


def base(author: Author) -> str:
    return author.one(
        (
            "select k, id, ts as t, until_ts as u, x as v from {{ source('events') }} where ts is not null",
            "select k, id, ts as t, ts as u, y as v from {{ source('events') }} where kind = 'buy' and ts is not null",
            "select k, rid as id, ts as t, ts + interval '1 hour' as u, w as v from {{ source('asks') }} where ts > timestamp '2024-03-01'",
            "select k, id, greatest(started_at, ended_at) as t, started_at as u, x as v from {{ source('trips') }} where started_at is not null",
            "select k, id, ended_at as t, started_at as u, x as v from {{ source('trips') }} where ended_at >= started_at",
            "select e.k, e.id, e.ts as t, e.until_ts as u, n.i as v from {{ source('events') }} e, unnest(e.l) as n(i) where e.ts is not null",
            "select k, id, ts as t, until_ts as u, unnest(l) as v from {{ source('events') }} where ts is not null",
            "select e.k, e.id, e.ts as t, d.d as u, e.x as v from {{ source('events') }} e, generate_series(e.ts, e.ts + interval '2 days', interval '1 day') as d(d) where e.id % 4 = 0",
            "select e.k, e.id, e.ts as t, e.until_ts as u, e.x + p.size as v from {{ source('events') }} e join {{ source('places') }} p using (k) where e.ts is not null",
        ),
        (
            "select k, id, ts as t, until_ts as u, x as v from {{ source('events') }}",
            "select k, rid as id, ts as t, cast(null as timestamp) as u, w as v from {{ source('asks') }}",
            "select k, id, started_at as t, ended_at as u, x as v from {{ source('trips') }}",
            "select k, id, ended_at as t, started_at as u, x as v from {{ source('trips') }}",
            "select k, id, coalesce(ended_at, started_at) as t, ended_at as u, x as v from {{ source('trips') }}",
            "select k, id, greatest(started_at, ended_at) as t, started_at as u, x as v from {{ source('trips') }}",
            "select k, id, until_ts as t, ts as u, x as v from {{ source('events') }}",
            "select e.k, e.id, d.d as t, e.ts as u, e.x as v from {{ source('events') }} e, generate_series(e.ts - interval '1 day', e.ts + interval '1 day', interval '1 day') as d(d) where e.id % 4 = 0",
            "select p.k, p.size as id, d.d as t, d.d as u, p.size as v from {{ source('places') }} p, generate_series(timestamp '2024-03-01', timestamp '2024-03-06', interval '1 day') as d(d)",
            "select * from (values ('a', 1, timestamp '2024-03-02', timestamp '2024-03-03', 5), ('b', 2, timestamp '2024-03-04', null, 3)) x(k, id, t, u, v)",
        ),
    )


def past(author: Author) -> str:
    found = author.one(PAST, FUTURE)
    return f"b.k = a.k and {found}" if author.chance(0.7) else found


def condition(author: Author, depth: int = 1) -> str:
    form = author.pick.randrange(10 if depth else 3)
    if form <= 2:
        return author.pick.choice(OWN).format(a="a")
    if form == 3:
        how = author.pick.choice(("or", "and", "and"))
        return f"({condition(author, 0)} {how} {condition(author, depth - 1)})"
    if form == 4:
        return f"not ({condition(author, depth - 1)})"
    other = author.other()
    if form == 5:
        word = author.pick.choice(("exists", "not exists"))
        return f"{word} (select 1 from {other} b where {past(author)} and b.v > 2)"
    if form == 6:
        word = author.pick.choice(("in", "not in"))
        return f"a.v {word} (select b.v from {other} b where {past(author)})"
    if form == 7:
        word = author.one(("in",), ("in", "not in"))
        return f"a.t {word} (select b.t from {other} b where b.k = a.k)"
    if form == 8:
        word = author.pick.choice((">= all", "> any", "<= any"))
        return f"a.v {word} (select b.v from {other} b where {past(author)})"
    return f"a.v >= (select {author.pick.choice(AGGREGATES)} from {other} b where {past(author)})"


def filtered(author: Author, name: str) -> str:
    return f"select a.k, a.id, a.t, a.u, a.v from {name} a where {condition(author)}"


def over(author: Author) -> str:
    """Give a window function's call."""
    partition = author.one(
        ("partition by a.k", "partition by a.k", "partition by a.k, date_trunc('day', a.t)", "partition by a.v", ""),
        ("partition by a.u", "partition by a.k, a.t", "partition by date_trunc('month', a.t)"),
    )  # fmt: skip
    if author.chance(0.4):
        order = author.one(
            ("order by a.t",),
            (
                "order by a.t desc",
                "order by a.u",
                "order by a.t nulls first",
                "order by greatest(a.t, a.u)",
            ),
        )
        return f"{author.pick.choice(RANGE_CALLS)} over ({partition} {order} {author.one(RANGES, FUTURE_RANGES)})"
    order = author.one(
        ("order by a.t, a.id, a.v, a.u", "order by a.t nulls last, a.id, a.v, a.u"),
        (
            *(
                "order by a.t desc, a.id, a.v, a.u",
                "order by a.u, a.id, a.v, a.t",
                "order by a.v, a.id, a.t, a.u",
            ),
            *(
                "order by date_trunc('day', a.t), a.id, a.v, a.u",
                "order by a.t nulls first, a.id, a.v, a.u",
            ),
            *(
                "order by a.t + interval '1 hour', a.id, a.v, a.u",
                "order by least(a.t, a.u), a.id, a.v, a.u",
            ),
            *(
                "order by coalesce(a.t, a.u), a.id, a.v, a.u",
                "order by a.t desc nulls first, a.id, a.v, a.u",
            ),
        ),
    )
    call = author.one(ROW_CALLS, FUTURE_CALLS)
    frame = author.one(FRAMES, FUTURE_FRAMES)
    framed = any(word in call for word in ("value", "sum(", "count(*)", "max(", "min("))
    if "date_diff" in call:
        return f"date_diff('hour', lag(a.t) over ({partition} {order}), a.t)"
    return f"{call} over ({partition} {order} {frame if framed and 'distinct' not in call else ''})"


def windowed(author: Author, name: str) -> str:
    value, u, t = over(author), "a.u", "a.t"
    if author.chance(0.2):
        u = author.one(
            ("lag(a.t) over (partition by a.k order by a.t, a.id, a.v, a.u)", "max(a.u) over (partition by a.k order by a.t)"),
            ("lead(a.t) over (partition by a.k order by a.t, a.id, a.v, a.u)", "max(a.t) over (partition by a.k)"),
        )  # fmt: skip
    if author.chance(0.15):
        t = author.one(
            ("max(a.t) over (partition by a.k order by a.t)", "a.t"),
            (
                "max(a.t) over (partition by a.k)",
                "min(a.t) over (partition by a.k)",
                "max(a.t) over (partition by a.k, a.v)",
                "max(a.u) over (partition by a.k order by a.t)",
                "lead(a.t) over (partition by a.k order by a.t, a.id, a.v, a.u)",
                "max(a.t) over (partition by date_trunc('day', a.t))",
            ),
        )
    return f"select a.k, a.id, {t} as t, {u} as u, cast({value} as bigint) as v from {name} a"


def qualified(author: Author, name: str) -> str:
    test = author.pick.choice(("<= 3", "is not null", "> 1", "= 1"))
    if author.chance(0.3):
        test = author.one(
            ("a.v is distinct from lag(a.v) over (partition by a.k order by a.t, a.id, a.v, a.u)",),
            (
                "a.t = max(a.t) over (partition by a.k)",
                "a.t = min(a.t) over (partition by a.k)",
                "a.v is distinct from lead(a.v) over (partition by a.k order by a.t, a.id, a.v, a.u)",
                "row_number() over (partition by a.k, date_trunc('day', a.t) order by a.t desc, a.id, a.v, a.u) = 1",
            ),
        )
        return f"select a.k, a.id, a.t, a.u, a.v from {name} a qualify {test}"
    return f"select a.k, a.id, a.t, a.u, a.v from {name} a qualify {over(author)} {test}"


def grouped(author: Author, name: str) -> str:
    units = (("day", "date_trunc('day', b.t)", "1 day"), ("hour", "date_trunc('hour', b.t)", "1 hour"),
             ("6 hours", "time_bucket(interval '6 hours', b.t)", "6 hours"), ("month", "date_trunc('month', b.t)", "1 month"),
             ("date", "cast(b.t as date)", "1 day"), ("instant", "b.t", "0 days"))  # fmt: skip
    _, start, length = author.pick.choice(units)
    keys = author.one(
        ("b.k, {s}", "b.k, {s}", "{s}", "b.k, b.v, {s}"),
        ("b.k", "b.k, b.u", "b.k, b.v", "b.k, date_trunc('day', b.u)", "rollup (b.k, {s})", "cube (b.k, {s})",
         "grouping sets ((b.k, {s}), (b.k), ({s}))"),
    ).format(s=start)  # fmt: skip
    t = author.one(
        ("{s} + interval '{l}'",) if start != "b.t" else ("b.t",),
        ("{s}", "max(b.t)", "min(b.t)", "max(b.u)", "max(greatest(b.t, b.u))", "last_day(max(b.t)) + interval '1 day'",
         "{s} + interval '1 hour'", "timestamp '2024-03-05'", "coalesce({s} + interval '{l}', max(b.t))"),
    ).format(s=start, l=length)  # fmt: skip
    if start not in keys and start in t:
        t = author.pick.choice(("max(b.t)", "min(b.t)", "max(b.u)"))
    if "rollup" in keys or "cube" in keys or "sets" in keys:
        t = t if start in t else "max(b.t)"
    u = author.pick.choice(("max(b.u)", "min(b.t)", "max(b.t)", "min(b.u)"))
    key = "b.k" if "b.k" in keys else "min(b.k)"
    having = author.pick.choice(
        ("", "", " having count(*) > 1", " having max(b.v) > 3", " having sum(b.v) is not null")
    )
    value = author.pick.choice(AGGREGATES)
    return f"select {key} as k, cast(max(b.id) as bigint) as id, cast({t} as timestamp) as t, {u} as u, cast({value} as bigint) as v from {name} b group by {keys}{having}"


def joined(author: Author, name: str) -> str:
    if author.joins >= MAX_JOINS:
        return filtered(author, name)
    author.joins += 1
    other = author.other()
    on = past(author)
    kind = author.one(
        ("join", "left join", "semi join", "anti join", "asof", "later", "asof left"),
        ("right join", "full join", "cross", "using"),
    )
    columns = "coalesce(a.v, 0) + coalesce(b.v, 1) as v"
    if kind in {"semi join", "anti join"}:
        return f"select a.k, a.id, a.t, a.u, a.v from {name} a {kind} {other} b on {on}"
    if kind in {"asof", "asof left"}:
        at = author.one(("a.t",), ("b.t", "greatest(a.t, b.u)"))
        test = author.one(("a.t >= b.t", "a.t > b.t"), ("a.t <= b.t", "a.u >= b.t", "a.t >= b.u"))
        left = "left " if kind == "asof left" else ""
        inner = f"(select distinct on (k, t) * from {other} order by k, t, id, v, u)"
        return f"select a.k, a.id, {at} as t, b.t as u, {columns} from {name} a asof {left}join {inner} b on a.k = b.k and {test}"
    if kind == "later":
        return f"select a.k, a.id, greatest(a.t, b.t) as t, b.u, {columns} from {name} a join {other} b on b.k = a.k"
    if kind == "using":
        at = author.pick.choice(("a.t", "greatest(a.t, b.t)", "b.t"))
        return (
            f"select k, a.id, {at} as t, b.u, {columns} from {name} a left join {other} b using (k)"
        )
    if kind == "cross":
        return f"select a.k, a.id, a.t, b.t as u, {columns} from {name} a, {other} b where {on}"
    at = author.one(
        ("a.t",), ("b.t", "greatest(a.t, b.t)", "coalesce(b.t, a.t)", "least(a.t, b.t)")
    )
    return (
        f"select a.k, a.id, {at} as t, b.t as u, {columns} from {name} a {kind} {other} b on {on}"
    )


def looked_up(author: Author, name: str) -> str:
    other = author.other()
    form = author.pick.randrange(6)
    if form == 0:
        order = author.pick.choice(("b.t desc", "b.t", "b.v"))
        value = f"(select b.v from {other} b where {past(author)} order by {order}, b.id, b.v, b.u limit 1)"
        return f"select a.k, a.id, a.t, a.u, {value} as v from {name} a"
    if form == 1:
        value = f"(select {author.pick.choice(('max', 'min'))}(b.t) from {other} b where {past(author)})"
        t = author.one(("a.t",), ("coalesce({v}, a.t)", "{v}", "greatest(a.t, {v})")).format(
            v=value
        )
        return f"select a.k, a.id, {t} as t, {value} as u, a.v from {name} a"
    if form == 2:
        value = f"(select {author.pick.choice(AGGREGATES)} as v, max(b.t) as u from {other} b where {past(author)})"
        t = author.one(("a.t",), ("z.u", "greatest(a.t, z.u)"))
        return f"select a.k, a.id, {t} as t, z.u, cast(z.v as bigint) as v from {name} a, lateral {value} z"
    value = f"(select {author.pick.choice(AGGREGATES)} from {other} b where {past(author)})"
    beside = ""
    if form == 3:
        word, item = author.pick.choice(
            ((", lateral", "max(b.id) as id"), (" left join lateral", "b.id"))
        )
        beside = f"{word} (select {item} from {other} b where {past(author)}) z"
        beside += " on true" if "join" in word else ""
    return f"select a.k, a.id, a.t, a.u, cast({value} as bigint) as v from {name} a{beside}"


def distinct(author: Author, name: str) -> str:
    return author.one(
        (
            f"select distinct k, id, t, u, v from {name}",
            f"select distinct k, v as id, t, u, 0 as v from {name}",
            f"select distinct on (k) k, id, t, u, v from {name} order by k, t, id, v, u",
            f"select distinct on (k, v) k, id, t, u, v from {name} order by k, v, t, id, u",
        ),
        (
            f"select distinct k, v as id, u as t, u, v from {name}",
            f"select distinct on (k) k, id, t, u, v from {name} order by k, t desc, id, v, u",
            f"select distinct on (k, date_trunc('day', t)) k, id, t, u, v from {name} order by k, date_trunc('day', t), v, id, t, u",
            f"select distinct on (k, t) k, id, t, u, v from {name} order by k, t, v, id, u",
            f"select distinct on (k) k, id, t, u, v from {name} order by k, v, id, t, u",
        ),
    )


def limited(author: Author, name: str) -> str:
    number = author.pick.choice((3, 8, 20))
    order = author.one(
        ("t, id, v, u, k", "t nulls last, id, v, u, k"),
        (
            "t desc, id, v, u, k",
            "u, id, v, t, k",
            "v, id, t, u, k",
            "t nulls first, id, v, u, k",
            "id, t, v, u, k",
        ),
    )
    end = author.one(
        (f"limit {number}", f"limit {number} offset 2", "offset 5"),
        ("limit 50%", f"limit {number}"),
    )
    return f"select k, id, t, u, v from {name} order by {order} {end}"


def combined(author: Author, name: str) -> str:
    other = author.other()
    word = author.pick.choice(
        ("union all", "union", "except", "intersect", "except all", "intersect all")
    )
    right = author.one(
        (f"select k, id, t, u, v from {other}", f"select k, v as id, t, t as u, id as v from {other}"),
        (f"select k, id, u as t, t as u, v from {other}", f"select k, id, date_trunc('day', t) as t, u, v from {other}",
         f"select k, id, greatest(t, u) as t, u, v from {other}"),
    )  # fmt: skip
    if author.chance(0.2):
        right = f"{right} where v > 2"
    if author.chance(0.2):
        word = f"{word} by name" if word.startswith("union") else word
    return f"select k, id, t, u, v from {name} {word} {right}"


def retimed(author: Author, name: str) -> str:
    at = author.one(
        INSTANTS,
        EARLY_INSTANTS,
    )
    value = author.one(
        (
            *("v", "v", "coalesce(v, 0)", "case when v > 3 then id else v end", "cast(epoch(t) as bigint) % 1000"),
            *("date_diff('hour', u, t)", "list_sum(list_transform([v, id], x -> x + 1))", "greatest(v, id)", "nullif(v, id)"),
        ),
    )  # fmt: skip
    u = author.pick.choice(
        ("u", "t", "date_trunc('day', t)", "t + interval '3 hours'", "coalesce(u, t)")
    )
    return f"select k, id, cast({at} as timestamp) as t, {u} as u, cast({value} as bigint) as v from {name}"


STEPS = (filtered, filtered, windowed, windowed, qualified, grouped, joined, joined, looked_up,
         distinct, limited, combined, retimed)  # fmt: skip
CONFIG = "{{{{ config(kind='feature_view', entity='thing', event_time='event_ts'{more}, engines=['duckdb']) }}}}\n"


def write_models(pick: random.Random, *, is_careful: bool) -> dict[str, str]:
    """Return a project's models by name. The feature view `last` reads the others."""
    author = Author(pick, is_careful)
    name = author.add(base(author))
    for _ in range(pick.randint(0, MAX_STEPS)):
        step = pick.choice(STEPS)
        name = author.add(step(author, name))
    if author.chance(0.2):
        return _as_of_a_view(author, name)
    author.models["last"] = _view(author, name)
    if author.chance(0.1):
        author.models["first"] = author.models.pop("last")
        text = "select k, event_ts, f as f, f + 1 as g, f2 as h from {{ ref('first') }}"
        author.models["last"] = CONFIG.format(more="") + text
        if "known_at" in author.models["first"]:
            author.models["last"] = CONFIG.format(more=", available_at='known_at'") + text.replace(
                "event_ts,", "event_ts, known_at,"
            )
            if not author.is_careful and author.chance(SLIP_SHARE):
                author.models["last"] = CONFIG.format(more="") + text
    return author.models


def _view(author: Author, name: str) -> str:
    at, known, more = "t", "", ""
    if author.chance(0.3):
        at = author.one(
            ("t", "t"), ("u", "least(t, u)", "t - interval '1 hour'", "date_trunc('day', t)")
        )
        known = author.one(
            ("t", "greatest(t, u)", "t + interval '1 hour'"),
            ("u", "least(t, u)", "t - interval '10 minutes'"),
        )
        if author.is_careful:
            at = author.pick.choice(("t", "t - interval '1 hour'", "date_trunc('day', t)"))
        known, more = f", cast({known} as timestamp) as known_at", ", available_at='known_at'"
    body = f"select k, cast({at} as timestamp) as event_ts{known}, v as f, u as f2 from {name}"
    return CONFIG.format(more=more) + author.with_ctes(body)


def _as_of_a_view(author: Author, name: str) -> dict[str, str]:
    """Make a view, and one more that joins it as of its own instants."""
    author.models["first"] = _view(author, name)
    author.ctes, author.names = [], []
    spine = author.add(base(author))
    if author.chance(0.5):
        spine = author.add(author.pick.choice(STEPS)(author, spine))
    more = author.one(
        ("", " where b.f > 2"),
        (
            " where b.f is null",
            " qualify row_number() over (partition by a.k order by a.t, a.id, a.v, a.u) < 5",
        ),
    )
    value = author.one(
        ("b.f", "b.f + a.v", "sum(b.f) over (partition by a.k order by a.t)"),
        ("lead(b.f) over (partition by a.k order by a.t, a.id, a.v, a.u)", "max(b.f) over ()"),
    )
    body = f"select a.k, a.t as event_ts, cast({value} as bigint) as f, b.event_ts as f2 from {spine} a left join {{{{ ref('first') }}}} b on b.k = a.k{more}"
    author.models["last"] = CONFIG.format(more="") + author.with_ctes(body)
    return author.models
