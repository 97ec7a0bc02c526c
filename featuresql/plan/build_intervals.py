"""The step of an incremental model: only the intervals that are missing or have changed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from featuresql.compiler.asof import EVENT_TS, ROW, VALID_FROM, column, path_query, relation
from featuresql.compiler.draft import CompiledModel
from featuresql.compiler.place_relations import Places
from featuresql.compiler.write_sql import DUCKDB
from featuresql.plan.cut_reads import cut_reads, within
from featuresql.plan.find_chunks import Named, State, Wanted, find_chunks
from featuresql.plan.steps import BuildStep, Chunk, Ledger
from featuresql.plan.stored_rows import ROWS, numbered_rows, path_of, plain_rows, selected
from featuresql.plan.writer import Writer
from featuresql.render.rendered import REF_SCHEMA
from featuresql.spec.model import FeatureView

_CHUNK = "chunk_rows"


def build_intervals(  # noqa: PLR0913 - a step depends on all of them
    step: BuildStep,
    model: CompiledModel,
    state: State,
    *,
    named: Named,
    places: Places,
    writer: Writer,
    is_shown: bool,
) -> BuildStep:
    """Return `step` so that it builds the model interval by interval.

    Each interval is one transaction, in which its rows are deleted and made again. `is_shown` tells
    whether the model's name shows some version; it moves to this one when that is complete.
    """
    assert model.intervals is not None  # noqa: S101 - it is incremental
    work = _Work(model, places, writer, model.config.interval_us or 0)
    wanted, is_complete = find_chunks(model.name, model.intervals, work.interval_us, state, named)
    ledger = Ledger(model.name, state.base, state.number, step.version if is_complete else "")
    is_broken_off = not state.complete_for and state.digests is not None
    finish = work.finish() if wanted or is_broken_off else ()
    is_kept = state.is_there and not wanted and not finish
    return replace(
        step,
        action="keep" if is_kept else "build",
        reason="nothing changed" if is_kept else step.reason,
        build=() if state.is_there else work.create(),
        chunks=tuple(work.chunk(found) for found in wanted),
        finish=finish,
        swap=step.swap if is_complete or not is_shown else (),
        ledger=ledger,
    )


@dataclass(frozen=True, slots=True)
class _Work:
    """Writes the statements for one model."""

    model: CompiledModel
    places: Places
    writer: Writer
    interval_us: int

    @property
    def place(self) -> tuple[str, str]:
        return self.places(REF_SCHEMA, self.model.name)

    def create(self) -> tuple[str, ...]:
        """Return what makes the tables, empty."""
        tree = self._tree(0)
        if self.model.view is None:
            rows = plain_rows(tree, selected(self.model.columns))
            return (self.writer.table(self.place, rows.limit(0)),)
        path = path_query(self.model.view, relation(*self.place))
        return (
            self.writer.table(self.place, numbered_rows(self.model, tree).limit(0)),
            self.writer.table(path_of(self.place), path),
        )

    def chunk(self, wanted: Wanted) -> Chunk:
        """Return an interval with what builds it."""
        start, end = wanted.start_us, wanted.start_us + self.interval_us
        inside = within(column(self.model.config.event_time or "", ROWS), start, end)
        statements = []
        is_new = wanted.reason == "new"
        view = self.model.view
        # What a killed run has left of a new interval has to go too.
        statements.append(self._delete(self.place, self.model.config.event_time or "", start))
        if wanted.seen is not None:
            tree = self._tree(start)
            rows = (
                plain_rows(tree, selected(self.model.columns))
                if view is None
                else numbered_rows(self.model, tree, self._last_number())
            )
            statements.append(self._insert(self.place, rows.where(*inside)))
        if view is not None and view.available_at is None:
            statements.append(self._delete(path_of(self.place), EVENT_TS, start))
            statements.append(self._insert(path_of(self.place), self._path(view, start)))
        elif view is not None and not is_new:
            statements += self.finish()
        return Chunk(start, end, wanted.reason, wanted.seen, tuple(statements))

    def finish(self) -> tuple[str, ...]:
        """Return what makes the as-of path again where an interval alone does not decide it.

        Where rows become known late, which of them is ever the newest depends on later intervals.
        """
        view = self.model.view
        if view is None or view.available_at is None:
            return ()
        keys = [key.name for key in view.keys]
        path = path_query(view, relation(*self.place))
        return (self.writer.table(path_of(self.place), path, [*keys, VALID_FROM]),)

    def _tree(self, start_us: int) -> exp.Query:
        cuts = self.model.intervals.cuts if self.model.intervals is not None else ()
        return cut_reads(self.model.tree, cuts, start_us, start_us + self.interval_us, self.places)

    def _path(self, view: FeatureView, start_us: int) -> exp.Select:
        """Return the as-of path of one interval's rows."""
        inside = within(column(view.event_time, ROWS), start_us, start_us + self.interval_us)
        rows = exp.select("*").from_(relation(*self.place, alias=ROWS)).where(*inside)
        path = path_query(view, exp.to_table(_CHUNK))
        first = exp.select("*").from_(_CHUNK).with_(_CHUNK, as_=rows)
        path.args["with_"].args["expressions"].insert(0, first.args["with_"].expressions[0])
        return path

    def _last_number(self) -> exp.Expr:
        last = exp.select(exp.Max(this=column(ROW))).from_(relation(*self.place)).subquery()
        return exp.func("coalesce", last, exp.Literal.number(0))

    def _delete(self, place: tuple[str, str], instant: str, start_us: int) -> str:
        inside = within(column(instant), start_us, start_us + self.interval_us)
        where = exp.Where(this=exp.and_(*inside))
        return exp.Delete(this=relation(*place), where=where).sql(DUCKDB)

    @staticmethod
    def _insert(place: tuple[str, str], rows: exp.Query) -> str:
        return exp.Insert(this=relation(*place), expression=rows).sql(DUCKDB)
