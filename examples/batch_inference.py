"""Foretell the delays of one day's flights: train offline, score online, compare with the mean.

Run it where featuresql is installed:

    python examples/batch_inference.py --day 2013-12-01

The model is plain least squares on the training set of the service `flight_delay`, fitted on the
flights that were due two days or more before the day. The day is then lived through in steps of two
hours: the features are materialized as they were known at that hour, and a server is asked for
those of the flights due in the next two. So a score rests on features up to two hours old.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from featuresql import FeatureClient, FeatureStore

SERVICE = "flight_delay"
LABEL = "arr_delay"
KEYS = ["carrier", "origin", "dest", "tailnum"]
STEP = timedelta(hours=2)
# How old a flight has to be to train on. The latest of the year landed 33 hours after it was due.
LABEL_AGE = timedelta(days=2)


@dataclass(frozen=True)
class LeastSquares:
    """A linear model. A value that is unknown counts as the column's mean in training."""

    names: list[str]
    means: np.ndarray
    scales: np.ndarray
    weights: np.ndarray

    @classmethod
    def fit(cls, rows: pa.Table, names: list[str]) -> LeastSquares:
        """Fit the label of `rows`, which is never NULL, on the columns `names`."""
        values = as_matrix(rows, names)
        means = np.nanmean(values, axis=0)
        scales = np.nanstd(values, axis=0)
        design = _design(values, means, scales)
        weights, *_ = np.linalg.lstsq(design, as_matrix(rows, [LABEL])[:, 0], rcond=None)
        return cls(names, means, scales, weights)

    def predict(self, rows: pa.Table) -> np.ndarray:
        """Return the delay of each row, in minutes."""
        return _design(as_matrix(rows, self.names), self.means, self.scales) @ self.weights


def _design(values: np.ndarray, means: np.ndarray, scales: np.ndarray) -> np.ndarray:
    known = np.where(np.isnan(values), means, values)
    return np.column_stack([np.ones(len(values)), (known - means) / scales])


def as_matrix(rows: pa.Table, names: list[str]) -> np.ndarray:
    """Return the columns as float64, a row for each row; NULL becomes NaN."""
    columns = [rows[name].cast(pa.float64()).to_numpy() for name in names]
    return np.column_stack(columns)


def numeric_features(training: pa.Table) -> list[str]:
    """Return the columns to fit on: every number but the label."""
    return [
        field.name
        for field in training.schema
        if field.name != LABEL
        and (pa.types.is_integer(field.type) or pa.types.is_floating(field.type))
    ]


def read_schedule(project_dir: Path, day: datetime) -> pa.Table:
    """Return the flights due to leave on `day`, as an airline would know them in the morning.

    The label is there too, to measure the error with; nothing else that came later is.
    """
    flights = pq.read_table(
        project_dir / "data" / "flights.parquet",
        columns=[*KEYS, "distance", "time_hour", "minute", LABEL],
    )
    micros = pc.multiply(flights["minute"], 60_000_000).cast(pa.duration("us"))
    departs_at = pc.add(flights["time_hour"].cast(pa.timestamp("us", tz="UTC")), micros)
    flights = flights.append_column("departs_at", departs_at).drop_columns(["time_hour", "minute"])
    return due_between(flights, day, day + timedelta(days=1)).sort_by("departs_at")


def due_between(rows: pa.Table, start: datetime, end: datetime) -> pa.Table:
    """Return the rows that are due to leave at `start` or later and before `end`."""
    due = rows["departs_at"]
    at = pa.timestamp("us", tz="UTC")
    after = pc.greater_equal(due, pa.scalar(start, at))
    return rows.filter(pc.and_(after, pc.less(due, pa.scalar(end, at))))


@contextmanager
def running_server(project_dir: Path) -> Iterator[str]:
    """Start `featuresql serve` on a free port, give its URL, and stop it at the end."""
    command = [str(Path(sys.executable).with_name("featuresql")), "serve", "--port", "0"]
    command += ["--project-dir", str(project_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own command
        try:
            line = server.stdout.readline() if server.stdout else ""
            if not line.startswith("serving "):
                sys.exit("the server did not start")
            yield line.split()[1]
        finally:
            server.terminate()


def score_day(
    store: FeatureStore,
    client: FeatureClient,
    model: LeastSquares,
    flights: pa.Table,
    day: datetime,
) -> np.ndarray:
    """Return the foretold delay of each flight of the day, in the order of `flights`."""
    scores = []
    for step in range(timedelta(days=1) // STEP):
        now = day + step * STEP
        due = due_between(flights, now, now + STEP)
        if due.num_rows == 0:
            continue
        store.materialize(until=now)
        features = client.get_online_features(
            SERVICE, due.select([*KEYS, "distance", "departs_at"])
        )
        scores.append(model.predict(features))
        print(f"  {now:%d %B %H:%M} UTC: {due.num_rows:4} flights scored")
    return np.concatenate(scores)


def root_mean_square(errors: np.ndarray) -> float:
    """Return the root of the mean of the squares."""
    return float(np.sqrt(np.mean(errors**2)))


def main() -> None:
    """Train, score and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project-dir", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--day", default="2013-12-01", help="a day of 2013, by New York's clocks")
    arguments = parser.parse_args()
    local = datetime.fromisoformat(arguments.day).replace(tzinfo=ZoneInfo("America/New_York"))
    day = local.astimezone(UTC)

    store = FeatureStore(project_dir=arguments.project_dir)
    store.run()
    training = store.get_historical_features(SERVICE)
    training = due_between(training, datetime.min.replace(tzinfo=UTC), day - LABEL_AGE)
    training = training.filter(pc.is_valid(training[LABEL]))
    model = LeastSquares.fit(training, numeric_features(training))
    print(f"fitted {len(model.names)} features on {training.num_rows:,} flights")

    flights = read_schedule(arguments.project_dir, day)
    with running_server(arguments.project_dir) as url, FeatureClient(url) as client:
        scores = score_day(store, client, model, flights, day)

    delays = as_matrix(flights, [LABEL])[:, 0]
    landed = ~np.isnan(delays)
    mean = pc.mean(training[LABEL]).as_py()
    model_error = root_mean_square(scores[landed] - delays[landed])
    mean_error = root_mean_square(mean - delays[landed])
    print(
        f"{landed.sum()} of {len(landed)} flights landed; error of their delay, root mean square:"
    )
    print(f"  least squares  {model_error:6.2f} minutes")
    print(f"  the mean       {mean_error:6.2f} minutes")


if __name__ == "__main__":
    main()
