"""Waiting times in the explorer without a browser: `python -m benchmarks.explorer`.

Measures the seconds until the first answer and until all runs are done, for choices that are not cached: with the same
people, with other people, and for twenty visitors at once. Streamlit and the browser take additional time.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from time import perf_counter

from sim.views.explore.scheduler import AnswerScheduler
from sim.views.explore.selection import FIRST_STAGE, PolicySelection

AT_ONCE = 20
SAME = (
    PolicySelection(levers={"recovery": "breaks", "social": "buddies"}),
    PolicySelection(levers={"recovery": "meeting_windows", "availability": "quiet_evenings"}),
    PolicySelection(levers={"recovery": "meeting_free_day", "leadership": "manager_training"}),
)
"""Choices for the organisation that the page shows first."""


def main() -> int:
    """Measure waiting times and print a table."""
    begun = perf_counter()
    own = AnswerScheduler()
    rows = [("start, with the null scenario", perf_counter() - begun)]
    try:
        own.answer(PolicySelection())
        rows.append((f"first answer ({FIRST_STAGE} runs), same people", median(_waits(own, SAME, FIRST_STAGE))))
        rows.append(("all runs", median(_waits(own, SAME, SAME[0].most_replicates))))
        others = [PolicySelection(levers=choice.levers, seed=seed) for seed, choice in enumerate(SAME, start=2)]
        rows.append(("first answer, other people", median(_waits(own, others, FIRST_STAGE))))
        many = [PolicySelection(levers={"social": "day_starts"}, seed=100 + guest) for guest in range(AT_ONCE)]
        with ThreadPoolExecutor(AT_ONCE) as guests:
            waits = list(guests.map(lambda choice: _waits(own, [choice], FIRST_STAGE)[0], many))
        rows.append((f"first answer for {AT_ONCE} at once, other people: median", median(waits)))
        rows.append(("the same: maximum", max(waits)))
    finally:
        own.close()
    print("| 500 people, 104 weeks after 52, two workers | s |\n| --- | ---: |")
    for what, seconds in rows:
        print(f"| {what} | {seconds:.1f} |")
    return 0


def _waits(own: AnswerScheduler, choices: Sequence[PolicySelection], replicates: int) -> list[float]:
    """Return the seconds until each choice has `replicates` runs, one choice after another."""
    waits = []
    for choice in choices:
        begun = perf_counter()
        own.answer(choice, replicates, timeout=600.0)
        waits.append(perf_counter() - begun)
    return waits


if __name__ == "__main__":
    sys.exit(main())
