"""Values of `report.md.j2` and results.json, from the results of the study."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.outcomes.patterns import BOTH, EQUIVALENT, LABELS, MEASURES
from sim.reporting.labels import label_of
from sim.studies.base import records
from sim.studies.inspection import tables
from sim.studies.inspection.findings import LOW_ISOLATION
from sim.studies.inspection.rating import RISKS
from sim.studies.inspection.repeated_surveys import CONTACT_MARGIN
from sim.studies.inspection.results import Results
from sim.studies.inspection.sample_coverage import SELECTIONS, required_employees

RARE = 20
"""A finding that fewer than 20 of 100 simulated studies report is rare."""


def facts(results: Results) -> dict[str, Any]:
    """Return the values that the page states."""
    plan = results.plan
    return {
        "studies": len(results.studies),
        "establishments": plan.firm.establishments,
        "sample": plan.firm.sample,
        "burn_in": plan.burn_in,
        "permutations": results.settings.permutations,
        "parameters_vary": results.parameters_vary,
        "people": {
            what: {role: float(np.mean([getattr(one, what)[role] for one in results.studies])) for role in BOTH}
            for what in ("met", "filled_in")
        },
        **_measures(results),
        **_sampling(results),
        **_findings(results),
        "marks": records(results.tables["ratings"]),
        "mark_changes": _mark_changes(results),
        "tests": records(results.tables["tests"]),
    }


def _measures(results: Results) -> dict[str, Any]:
    """Return the measures that employers and employees report."""
    own = results.tables["measures"]
    totals = own.groupby("who")[["mean", "study", "true"]].sum() / 100
    carried_out = float(np.mean([one.carried_out for one in results.studies]))
    counts = results.tables["mismatches"].set_index(["reading", "role"])["mean"]
    not_known, differing = (float(counts[name, "non_manager"]) for name in ("claimed_not_known", "any_difference"))
    claimed = float(totals.loc["employer", "true"])
    rows: dict[str, dict[str, Any]] = {name: {"label": label_of(name)} for name in MEASURES}
    for row in records(own):
        rows[row["measure"]][row["who"]] = row
    return {
        "measures_reported": totals["mean"].to_dict(),
        "measures_in_study": totals["study"].to_dict(),
        "measures_true": totals["true"].to_dict(),
        "carried_out": carried_out,
        "not_announced": claimed - carried_out,
        "not_known": not_known,
        "known_of_claimed": claimed - not_known,
        "known_not_claimed": differing - not_known,
        "measures": list(rows.values()),
        "outside": [{"label": label_of(row["measure"]), "who": row["who"]} for row in records(own[~own["inside"]])],
        "mismatches": records(results.tables["mismatches"]),
    }


def _sampling(results: Results) -> dict[str, Any]:
    """Return the errors of interviews with n employees."""
    own, settings, sector = results.tables["establishments"], results.settings, results.tables["sector"]
    of = {(row["way"], row["employees"]): row for row in records(own)}
    half = settings.close / 2
    return {
        "tolerance": settings.close, "half_tolerance": half,
        "employees_needed": required_employees(own, "at_random", settings.close),
        "employees_needed_half": required_employees(own, "at_random", half),
        "employees_needed_chosen": required_employees(own, "chosen_by_employer", half),
        "fewest_employees": settings.employees[0], "most_employees": settings.employees[-1],
        "error_fewest": of["at_random", settings.employees[0]]["off"],
        "error_two": of["at_random", 2]["off"] if 2 in settings.employees else None,
        "error_mean": of["mean_of_all", 0]["off"], "bias_mean": of["mean_of_all", 0]["bias"],
        "error_claim": of["employers_word", 0]["off"], "bias_claim": of["employers_word", 0]["bias"],
        "errors_by_employees": [
            {"employees": n, **{way: of[way, n]["off"] for way in SELECTIONS}, "mixed": of["at_random", n]["mixed"],
             "single_measure": of["at_random", n]["share_off"]}
            for n in settings.employees
        ],
        "large_sample": settings.reach_sample, "sd_within": float(sector["within"].iloc[0]),
        "sd_between": float(sector["between"].iloc[0]), "share_choosing": results.share_choosing,
        "bias_choosing": float(sector["bias"].iloc[0]), "sector": records(sector),
    }  # fmt: skip


def _findings(results: Results) -> dict[str, Any]:
    """Return the findings that simulated studies report."""
    own = results.tables["patterns"].sort_values(["of_100", "pattern"], na_position="first")
    rows = [row | {"label": LABELS.get(row["pattern"], label_of(row["pattern"]))} for row in records(own)]
    known = [row for row in rows if row["studies"]]
    total = tables.as_reported(results.studies)
    low, high = np.quantile(total, tables.SPREAD)
    names = ("detail_question", "contacts_fewer_isolation_low", "cascade_order")
    return {
        "patterns": rows,
        "findings": {
            "known": len(known), "null": sum(row["is_null"] for row in known), "reported": float(total.mean()),
            "reported_low": float(low), "reported_high": float(high), "reported_most": int(total.max()),
            "reported_null": sum(row["of_100"] for row in known if row["is_null"]) / 100,
            "reported_positive": sum(row["of_100"] for row in known if not row["is_null"]) / 100,
            "rare": [row["label"] for row in known if not row["is_null"] and row["of_100"] < RARE],
        },
        "rare_below": RARE, "equivalent": EQUIVALENT, "contact_margin": CONTACT_MARGIN, "low_isolation": LOW_ISOLATION,
        "numbers": {name: tables.mean_numbers(results.studies, name) for name in names},
        "cascade_in_order": next(row["of_100"] for row in rows if row["pattern"] == "cascade_order"),
    }  # fmt: skip


def _mark_changes(results: Results) -> dict[str, dict[str, float]]:
    """Return by risk the fall of the mark after interviews, and the share of it that an item-by-item question shows."""
    marks = results.tables["ratings"].set_index(["risk", "when"])["mean"]
    changes = {}
    for risk in RISKS:
        general = float(marks[risk, "in_general"])
        fall = general - float(marks[risk, "after"])
        changes[risk] = {"fall": fall, "item_by_item": (general - float(marks[risk, "item_by_item"])) / fall}
    return changes
