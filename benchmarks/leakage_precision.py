"""Judge generated models, cut and replay each, and count what the proof lost.

    python benchmarks/leakage_precision.py --count 3000 --start 0

A `proven` feature that differs in a replay is an error of the proof, and ends with exit code 1. A
`leaks` whose replay never differs may be lost precision, or need other rows to show itself. What a
careful author writes is free of leaks by construction, and should be proven.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from pathlib import Path
from time import perf_counter

import duckdb

TESTS = Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(TESTS / "support"), str(TESTS / "leakage")]

from generated_models import write_models  # noqa: E402 - found by the line above
from leak_world import build, compile_models, differing, ground  # noqa: E402 - as above


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--start", type=int, default=0)
    wanted = parser.parse_args()
    counts: Counter[tuple[str, str, bool]] = Counter()
    unseen: Counter[str] = Counter()
    wrong, refused, began = [], 0, perf_counter()
    with ground(seed=7, count=50, cuts=5) as one, ground(seed=11, count=50, cuts=5) as two:
        for seed in range(wanted.start, wanted.start + wanted.count):
            is_careful = seed % 3 == 0
            compiled = compile_models(write_models(random.Random(seed), is_careful=is_careful))
            try:
                made = build((one, two)[seed % 2], compiled)
            except duckdb.OutOfRangeException:
                refused += 1
                continue
            author = "careful" if is_careful else "with slips"
            for model in compiled.models.values():
                for column, found in model.leakage.items():
                    differs = bool(differing(made, model, [column]))
                    counts[author, found.verdict, differs] += 1
                    if differs and found.verdict == "proven":
                        wrong.append(f"seed {seed}: {model.name}.{column}")
                    if found.verdict == "leaks" and not differs:
                        unseen[found.reason.partition(" leaks: ")[2] or found.reason] += 1
    print(f"{wanted.count} projects in {perf_counter() - began:.0f} s, {refused} did not run")
    for (author, verdict, differs), number in sorted(counts.items()):
        print(f"{author:10} {verdict:8} {'differs' if differs else 'same':7} {number:6}")
    print("\n`leaks` whose replay was the same, by reason:")
    for reason, number in unseen.most_common(15):
        print(f"{number:6} {reason}")
    print("\n`proven` whose replay differs:", *(wrong or ["none"]), sep="\n  ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
