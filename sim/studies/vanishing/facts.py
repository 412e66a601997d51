"""Values that the page states, from the tables of the study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.studies.base import records
from sim.studies.vanishing import home_share, power
from sim.studies.vanishing.alternative_counting import TARGETS, Reading
from sim.studies.vanishing.classifier import BOTH_KINDS, FEWER, FINDINGS, NUMBERS_ONLY, ORIGINS, SECOND
from sim.studies.vanishing.explanations import NO_EFFECT, SELECTION, Explanation
from sim.studies.vanishing.pattern import CONTACT, JOINT, PARTS, TESTS, Part, reports_of, shows
from sim.studies.vanishing.survey_designs import DESIGNS

if TYPE_CHECKING:
    import pandas as pd

Facts = dict[str, Any]
Tables = Mapping[str, "pd.DataFrame"]

SURVEY_SIZE, STUDY_SIZE = 120, 320
"""Respondents of a survey by one employer, and of the study of 2022."""
POWER, FALSE_RATE = 0.8, 0.1
"""Share of surveys that must detect an effect, and the share from which detection without an effect misleads."""
_GAIN, _GUESSING = 0.1, 0.65
"""Gain in AUC from which a design discriminates better than that of 2022, and AUC that barely discriminates."""
_MOST_MOVED = 4
_TRUE = [f"true.{part.name}" for part in PARTS if part.reported]


def labels(explanations: Sequence[Explanation]) -> dict[str, str]:
    """Return the label of each explanation and, last, of the alternative counting."""
    return {**{one.name: one.label for one in explanations}, SECOND: "Counts are of claimed, not known"}


def facts(explanations: Sequence[Explanation], tables: Tables, reading: Reading) -> Facts:
    """Return the values of `report.md.j2` that come from the tables."""
    names = labels(explanations)
    return {
        "labels": names,
        "prior": float(np.mean([one.prior for one in explanations])),
        **_pattern(tables),
        **_single(tables["alone"]),
        **_weights(names, tables),
        **_discrimination(names, tables["discrimination"]),
        **_power(tables["power"]),
        **_home(tables["home"]),
        "explanations": {
            one.name: {
                "description": one.description,
                "parameters": {".".join(own): asdict(reach) for own, reach in one.moves.items()},
            }
            for one in explanations
        },
        "targets": TARGETS,
        "alternative": asdict(reading),
    }


def _nested(table: pd.DataFrame, *keys: str) -> Facts:
    """Return the rows of a table in nested groups by these columns."""
    tree: Facts = {}
    for row in records(table):
        group = tree
        for key in keys[:-1]:
            group = group.setdefault(row.pop(key), {})
        group[row.pop(keys[-1])] = row
    return tree


def _pattern(tables: Tables) -> Facts:
    reports = reports_of(tables["studies"], tables["limits"].iloc[0])
    by_chance = tables["permuted"]["employer_right"] + tables["permuted"]["employer_wrong"]
    origins = _nested(tables["pattern_shares"], "behind")
    return {
        "studies": len(tables["studies"]),
        "worlds": int(tables["studies"]["world"].nunique()),
        "pattern": [{"part": part.name, "label": part.label, "reported": _reported(part)} for part in PARTS],
        "tests": TESTS,
        **dict(zip(("chance", "without_effect", "with_effect"), map(origins.get, ORIGINS), strict=True)),
        "contact_studies": int(shows(reports, CONTACT).sum()),
        "joint_studies": int(shows(reports, JOINT).sum()),
        "permuted": {"studies": len(by_chance), "mean": float(by_chance.mean()), "fewest": int(by_chance.min())},
    }


def _reported(part: Part) -> str:
    return "found" if part.reported else "no more than chance" if part.is_family else "not found"


def _single(table: pd.DataFrame) -> Facts:
    cases = _nested(table[table["kind"] != "alone_typical"], "kind", "explanation")
    default = cases["default"][""]
    return {
        "cases": cases,
        "true_labels": {f"true.{name}": part.label for part in PARTS for name in CONTACT if part.name == name},
        "strongest": {kind: min(cases[kind][""][name] for name in _TRUE) for kind in ("lossless", "default")},
        "single_studies": int(table["studies"].min()),
        "single_error": float(np.nanmax(table[["error_quiet", "error_any_contact"]].to_numpy())),
        "joint_most": float(table["joint"].max()),
        "selection": {
            "explanation": SELECTION,
            "default": default["true.social_colleagues"],
            "corrected": cases["corrected"][SELECTION]["true.social_colleagues"],
        },
        "most_found": max(default[f"found.{name}"] for name in CONTACT),
    }


def _weights(names: Mapping[str, str], tables: Tables) -> Facts:
    weights = _nested(tables["weights"].merge(tables["recovery"]), "question", "class", "report")
    rivals = [weights[name]["on"][FINDINGS]["weight"] for name in names if name not in (NO_EFFECT, SECOND)]
    calibration = tables["calibration"][tables["calibration"]["report"] == BOTH_KINDS]
    return {
        "weights": weights, "rivals": len(rivals), "weights_low": min(rivals), "weights_high": max(rivals),
        "moved": {
            kind: _moved({name: weights[name]["on"][kind] for name in names if name != NO_EFFECT})
            for kind in (FINDINGS, NUMBERS_ONLY)
        },
        "worst_calibration": float((calibration["chance"] - calibration["share"]).abs().max()),
    }  # fmt: skip


def _moved(rows: Mapping[str, Facts]) -> list[str]:
    """Return the explanations whose interval excludes the prior, with the largest change first."""
    clear = [name for name, row in rows.items() if not row["low"] <= row["prior"] <= row["high"]]
    return sorted(clear, key=lambda name: -abs(rows[name]["weight"] - rows[name]["prior"]))[:_MOST_MOVED]


def _discrimination(names: Mapping[str, str], table: pd.DataFrame) -> Facts:
    auc = {name: {design: own["auc"] for design, own in row.items()}
           for name, row in _nested(table, "explanation", "design").items()}  # fmt: skip
    first, *more, widest = DESIGNS
    gains = {design: [name for name in names if auc[name][design] - auc[name][first] > _GAIN] for design in more}
    return {
        "designs": [*DESIGNS, FEWER],
        "auc": auc,
        "gains": {design.removeprefix("+ "): own for design, own in gains.items() if own},
        "barely": [name for name in names if auc[name][widest] < _GUESSING],
    }


def _power(table: pd.DataFrame) -> Facts:
    sizes = sorted(map(int, table["respondents"].unique()))
    size, study_size = (min(sizes, key=lambda one: abs(one - usual)) for usual in (SURVEY_SIZE, STUDY_SIZE))
    surveys = _nested(table, "strength", "effect", "design", "respondents")
    nothing = surveys[power.NOTHING]
    effect, design = max(
        product(power.EFFECTS, power.DESIGNS), key=lambda own: nothing[own[0]][own[1]][study_size]["sees"]
    )
    return {
        "survey_size": size, "largest_survey": sizes[-1], "power": POWER, "false_rate": FALSE_RATE,
        "effects": {effect: label for effect, (_, label) in power.EFFECTS.items()},
        "survey_designs": {name: design.heading for name, design in power.DESIGNS.items()},
        "detection": {
            strength: {effect: {design: by_size[size]["sees"] for design, by_size in row.items()}
                       for effect, row in rows.items()}
            for strength, rows in surveys.items()
        },
        "needed": {
            strength: {effect: {design: _needed(by_size, nothing[effect][design]) for design, by_size in row.items()}
                       for effect, row in surveys[strength].items()}
            for strength in (power.ASSUMED, power.LARGEST)
        },
        "true_effects": {effect: row["year"][size]["true_effect"] for effect, row in surveys[power.ASSUMED].items()},
        "misleading": {
            "respondents": study_size, "design": power.DESIGNS[design].label, "effect": effect,
            "share": nothing[effect][design][study_size]["sees"],
        },
    }  # fmt: skip


def _needed(surveys: Mapping[int, Facts], without_effect: Mapping[int, Facts]) -> int | str | None:
    """Return the fewest respondents that detect the effect often enough, `misleading`, or None if none suffices."""
    enough = [size for size, own in sorted(surveys.items()) if own["sees"] >= POWER]
    if not enough:
        return None
    return "misleading" if without_effect[enough[0]]["sees"] > FALSE_RATE else enough[0]


def _home(table: pd.DataFrame) -> Facts:
    rows = _nested(table[table["role"] == "non_manager"], "case", "isolation")
    without = {name: rows[f"without_{name}"]["isolation_from_colleagues"]["true"] for name in home_share.REASONS}
    return {
        "home": rows,
        "home_labels": {case.name: case.label for case in home_share.cases()},
        "home_reason": home_share.REASONS[max(without, key=without.__getitem__)][0],
        "home_without_reason": max(without.values()),
    }
