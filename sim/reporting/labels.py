"""Plain English names of scenarios, outcomes, groups and measures, for pages and figures."""

from __future__ import annotations

from collections.abc import Mapping

from sim.outcomes.definitions import BURN_OUT, OUTCOMES

TODAY = "today's practice"
KINDS = {"policy": "policy", "counterfactual": "what-if scenario"}
"""Names of the kinds of scenario."""
LABELS = {
    BURN_OUT: "Burn-out complaints (NEA: work-related exhaustion)",
    "baseline": "Today's practice",
    "non_managers": "Non-managers",
    "users": "Users of the measures",
    "women": "Women (not used in the model)",
    "other_care": "Other care duties (not used in the model)",
    "no_separate_room": "No separate work room",
    "on_site": "Work on site",
}
"""Names that cannot be derived from an id; callers may replace them and add others."""


def label_of(identifier: str, labels: Mapping[str, str] | None = None) -> str:
    """Return the plain name of a scenario, outcome, group or measure: given, known, or derived from its id."""
    known = {**LABELS, **(labels or {})}
    return known.get(identifier) or identifier.replace(".", ": ").replace("_", " ").capitalize()


def outcome_name(outcome: str) -> str:
    """Return the label of an outcome without its note in brackets.

    >>> outcome_name("burn_out_complaints"), outcome_name("isolation_from_company")
    ('Burn-out complaints', 'Isolation from the company')
    """
    return OUTCOMES[outcome].label.partition(" (")[0]
