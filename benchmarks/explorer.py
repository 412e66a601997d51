"""`python -m benchmarks.explorer`: how long somebody at the explorer waits, without a browser.

Seconds until a first look and until all runs are in, of choices that nobody has asked for: with the same people, with
other people, and by twenty who come at once. The page itself adds what Streamlit and the browser take.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from time import perf_counter

from sim.views.explore.choice import FIRST_LOOK, Choice
from sim.views.explore.live import Live

AT_ONCE = 20
SAME = (
    Choice(levers={"recovery": "breaks", "social": "buddies"}),
    Choice(levers={"recovery": "meeting_windows", "availability": "quiet_evenings"}),
    Choice(levers={"recovery": "meeting_free_day", "leadership": "manager_training"}),
)
"""Choices of the organisation that the page begins with."""


def main() -> int:
    """Time them and print a table."""
    begun = perf_counter()
    own = Live()
    rows = [("start, with the null scenario", perf_counter() - begun)]
    try:
        own.answer(Choice())
        rows.append((f"first look ({FIRST_LOOK} runs), people known", median(_waits(own, SAME, FIRST_LOOK))))
        rows.append(("all runs", median(_waits(own, SAME, SAME[0].most_replicates))))
        others = [Choice(levers=choice.levers, seed=seed) for seed, choice in enumerate(SAME, start=2)]
        rows.append(("first look, people unknown", median(_waits(own, others, FIRST_LOOK))))
        many = [Choice(levers={"social": "day_starts"}, seed=100 + guest) for guest in range(AT_ONCE)]
        with ThreadPoolExecutor(AT_ONCE) as guests:
            waits = list(guests.map(lambda choice: _waits(own, [choice], FIRST_LOOK)[0], many))
        rows.append((f"first look of {AT_ONCE} at once, people unknown: the middle one", median(waits)))
        rows.append(("and the last", max(waits)))
    finally:
        own.close()
    print("| 500 people, 104 weeks after 52, two workers | s |\n| --- | ---: |")
    for what, seconds in rows:
        print(f"| {what} | {seconds:.1f} |")
    return 0


def _waits(own: Live, choices: Sequence[Choice], replicates: int) -> list[float]:
    """Seconds until each choice has so many replicates, one choice after another."""
    waits = []
    for choice in choices:
        begun = perf_counter()
        own.answer(choice, replicates, timeout=600.0)
        waits.append(perf_counter() - begun)
    return waits


if __name__ == "__main__":
    sys.exit(main())
