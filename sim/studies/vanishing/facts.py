"""Values that the page states, from the tables of the study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.studies.vanishing import home_share, power
from sim.studies.vanishing.alternative_counting import TARGETS, Reading
from sim.studies.vanishing.classifier import AMOUNT, BEHIND, BOTH_KINDS, BY_COUNTS, FINDINGS, ORIGINS
from sim.studies.vanishing.discrimination import FEWER
from sim.studies.vanishing.explanations import NO_EFFECT, SELECTION, Explanation
from sim.studies.vanishing.pattern import CONTACT, JOINT, PARTS, TESTS, Part, reports_of, shows
from sim.studies.vanishing.survey_designs import DESIGNS

if TYPE_CHECKING:
    import pandas as pd

Facts = dict[str, Any]
Tables = Mapping[str, "pd.DataFrame"]
Labels = Mapping[str, str]

SECOND = "second_reading"
SURVEY_SIZE, STUDY_SIZE = 120, 320
"""Respondents of a survey by one employer, and of the study of 2022."""
EXAMPLE = "social_moments"
POWER, FALSE_RATE = 0.8, 0.1
"""Share of surveys that must detect an effect, and the share from which detection without an effect misleads."""
_GAIN, _GUESSING = 0.1, 0.65
"""Gain in AUC from which a design discriminates better than that of 2022, and AUC that barely discriminates."""
_MOST_MOVED = 4
_ORIGINS = dict(zip(("chance", "no_effect", "effect"), ORIGINS, strict=True))
_TRUE = tuple(f"true.{part.name}" for part in PARTS if part.reported)


def labels(explanations: Sequence[Explanation]) -> dict[str, str]:
    """Return the label of each explanation and, last, of the alternative counting."""
    return {**{one.name: one.label for one in explanations}, SECOND: "Counts are of claimed, not known"}


def facts(explanations: Sequence[Explanation], tables: Tables, reading: Reading) -> Facts:
    """Return the values of `report.md.j2` that come from the tables."""
    names = labels(explanations)
    return {
        "prior": float(np.mean([one.prior for one in explanations])),
        **_pattern(tables),
        **_single(explanations, names, tables["alone"]),
        **_weights(names, tables),
        **_discrimination(names, tables["discrimination"]),
        **_power(tables["power"]),
        **_home(tables["home"]),
        "explanations": [_parameters(one) for one in explanations],
        "alternative": {
            "targets": {role: list(own) for role, own in TARGETS.items()},
            "parameters": dict(reading.parameters),
            "reached": {role: list(own) for role, own in reading.chances.items()},
            "worst_cell": reading.worst_cell,
        },
    }


def _number(value: float) -> float | None:
    """Return a number that JSON can hold."""
    return None if np.isnan(value) else float(value)


# -- pattern ----------------------------------------------------------------------------------------------------------


def _pattern(tables: Tables) -> Facts:
    shares = tables["pattern_shares"].set_index("behind")
    origins = {key: shares.loc[name].astype(float).to_dict() for key, name in _ORIGINS.items()}
    reports = reports_of(tables["studies"], tables["limits"].iloc[0])
    by_chance = tables["permuted"]["employer_right"] + tables["permuted"]["employer_wrong"]
    rows = [(part.name, part.label, _reported(part)) for part in PARTS]
    rows += [("contact", "all three findings on contact", "yes"), ("any_contact", "at least one of them", "yes")]
    return {
        "studies": len(tables["studies"]),
        "worlds": int(tables["studies"]["world"].nunique()),
        "pattern": [
            {"part": part, "label": label, "reported": reported, **{key: own[part] for key, own in origins.items()}}
            for part, label, reported in rows
        ],
        "tests": TESTS,
        "origins": origins,
        "contact_studies": int(shows(reports, CONTACT).sum()),
        "joint_studies": int(shows(reports, JOINT).sum()),
        "permuted": {
            "studies": len(by_chance), "mean": float(by_chance.mean()), "fewest": int(by_chance.min()),
        },
    }  # fmt: skip


def _reported(part: Part) -> str:
    return "found" if part.reported else "no more than chance" if part.is_family else "not found"


# -- single explanations ----------------------------------------------------------------------------------------------


def _single(explanations: Sequence[Explanation], names: Labels, cases: pd.DataFrame) -> Facts:
    at = cases.set_index(["kind", "explanation"]).sort_index()
    order = [
        ("lossless", ""), *(("alone", one.name) for one in explanations), ("all_but_no_effect", ""),
        ("default", ""), ("default", SECOND),
        *(("corrected", one.name) for one in explanations if one.name != NO_EFFECT),
    ]  # fmt: skip
    columns = ("quiet", "any_contact", "contact", "joint", *_TRUE[:3])
    default, relation = at.loc[("default", "")], "true.social_colleagues"
    return {
        "cases": [
            {"kind": kind, "label": names.get(name, ""), **at.loc[(kind, name), list(columns)].astype(float).to_dict()}
            for kind, name in order
        ],
        "true_labels": [part.label for part in PARTS if part.reported][:3],
        "quiet": {
            "lossless": float(at.loc[("lossless", ""), "quiet"]),
            "default": float(default["quiet"]),
            "no_effect": float(at.loc[("alone", NO_EFFECT), "quiet"]),
        },
        "strongest": {kind: float(at.loc[(kind, ""), list(_TRUE)].min()) for kind in ("lossless", "default")},
        "single_studies": int(cases["studies"].min()),
        "single_error": float(np.nanmax(cases[["error_quiet", "error_any_contact"]].to_numpy())),
        "joint_most": float(cases["joint"].max()),
        "selection": {
            "label": names[SELECTION],
            "default": float(default[relation]),
            "corrected": float(at.loc[("corrected", SELECTION), relation]),
        },
        "most_found": float(max(default[f"found.{name}"] for name in CONTACT)),
        "all_found": float(default["contact"]),
    }


# -- weights ----------------------------------------------------------------------------------------------------------


def _weights(names: Labels, tables: Tables) -> Facts:
    weights, recovery = (tables[name].set_index(["question", "report", "class"]) for name in ("weights", "recovery"))
    near = recovery.loc[(AMOUNT, FINDINGS, "none")]
    rivals = [weights.loc[(name, FINDINGS, "on"), "weight"] for name in names if name not in (NO_EFFECT, SECOND)]
    calibration = tables["calibration"][tables["calibration"]["report"] == BOTH_KINDS]
    rows = {
        name: {kind: _interval(weights.loc[(name, kind, "on")]) for kind in (FINDINGS, "numbers", BOTH_KINDS)}
        for name in names
    }
    return {
        "weights": [
            {
                "label": names[name], **row,
                "auc": {kind: float(recovery.loc[(name, kind, "on"), "auc"]) for kind in (FINDINGS, BOTH_KINDS)},
                **recovery.loc[(name, BOTH_KINDS, "on"), ["where_true", "where_not"]].astype(float).to_dict(),
            }
            for name, row in rows.items()
        ],
        "class_weights": {question: _classes(weights.loc[question]) for question in (AMOUNT, BEHIND)},
        "rivals": len(rivals),
        "weights_low": float(min(rivals)),
        "weights_high": float(max(rivals)),
        "moved": {kind: _moved(rows, kind, names) for kind in (FINDINGS, "numbers")},
        "auc_by_report": float(recovery.loc[(NO_EFFECT, BOTH_KINDS, "on"), "auc"]),
        "origin_weights": {
            kind: {key: float(weights.loc[(BEHIND, kind, name), "weight"]) for key, name in _ORIGINS.items()}
            for kind in (FINDINGS, BY_COUNTS)
        },
        "worst_calibration": float((calibration["chance"] - calibration["share"]).abs().max()),
        "near": {
            "studies": int(near["near"]),
            "share": _number(1 - near["near_share"]),
            "chance": _number(1 - near["near_chance"]),
        },
    }  # fmt: skip


def _interval(row: Mapping[Any, Any]) -> dict[str, float]:
    return {column: float(row[column]) for column in ("prior", "weight", "low", "high")}


def _classes(weights: pd.DataFrame) -> list[Facts]:
    kinds = (FINDINGS, BOTH_KINDS, BY_COUNTS)
    return [
        {"class": name, **{kind: _interval(weights.loc[(kind, name)]) for kind in kinds}}
        for name in weights.loc[FINDINGS].index
    ]


def _moved(rows: Mapping[str, Facts], kind: str, names: Labels) -> list[Facts]:
    """Return the explanations whose interval excludes the prior, with the largest change first."""
    clear = [
        {"label": names[name], **row[kind]}
        for name, row in rows.items()
        if name != NO_EFFECT and not row[kind]["low"] <= row[kind]["prior"] <= row[kind]["high"]
    ]
    return sorted(clear, key=lambda row: -abs(row["weight"] - row["prior"]))[:_MOST_MOVED]


# -- surveys ----------------------------------------------------------------------------------------------------------


def _discrimination(names: Labels, table: pd.DataFrame) -> Facts:
    auc = table.pivot(index="explanation", columns="design", values="auc").loc[list(names), [*DESIGNS, FEWER]]
    first, *more, widest = DESIGNS
    gains = {
        design.removeprefix("+ "): [
            names[name] for name in names if auc.loc[name, design] - auc.loc[name, first] > _GAIN
        ]
        for design in more
    }
    return {
        "designs": list(auc),
        "discrimination": [{"label": names[name], "auc": list(map(float, auc.loc[name]))} for name in names],
        "gains": [{"design": design, "explanations": own} for design, own in gains.items() if own],
        "barely": [names[name] for name in names if auc.loc[name, widest] < _GUESSING],
        "auc_by_numbers": float(auc.loc[NO_EFFECT, first]),
    }  # fmt: skip


def _power(table: pd.DataFrame) -> Facts:
    sizes = sorted(map(int, table["respondents"].unique()))
    size, study_size = (min(sizes, key=lambda one: abs(one - usual)) for usual in (SURVEY_SIZE, STUDY_SIZE))
    sees = table.set_index(["effect", "strength", "design", "respondents"])
    nothing = table[(table["strength"] == power.NOTHING) & (table["respondents"] == study_size)]
    worst = nothing.loc[nothing["sees"].idxmax()]
    example = {design: float(sees.loc[(EXAMPLE, power.ASSUMED, design, size), "sees"]) for design in ("known", "year")}
    needed = {strength: _needed_rows(sees, strength, sizes) for strength in (power.ASSUMED, power.LARGEST)}
    return {
        "survey_size": size,
        "largest_survey": sizes[-1],
        "power": POWER,
        "false_rate": FALSE_RATE,
        "survey_designs": {name: design.heading for name, design in power.DESIGNS.items()},
        "detection": [
            {
                "effect": effect, "label": label,
                "surveys": {
                    design: [float(sees.loc[(effect, strength, design, size), "sees"])
                             for strength in (power.ASSUMED, power.NOTHING)]
                    for design in power.DESIGNS
                },
                "true_effect": float(sees.loc[(effect, power.ASSUMED, "year", size), "true_effect"]),
            }
            for effect, (_, label) in power.EFFECTS.items()
        ],
        "needed": {"assumed": needed[power.ASSUMED], "largest": needed[power.LARGEST]},
        "example": {
            "known": example["known"],
            "random": example["year"],
            "needed_random": _needed(sees, EXAMPLE, power.ASSUMED, "year", sizes),
            "needed_often": _needed(sees, EXAMPLE, power.ASSUMED, "often", sizes),
        },
        "misleading": {
            "respondents": study_size,
            "design": power.DESIGNS[worst["design"]].label,
            "effect": power.EFFECTS[worst["effect"]][1],
            "share": float(worst["sees"]),
        },
    }  # fmt: skip


def _needed_rows(sees: pd.DataFrame, strength: str, sizes: Sequence[int]) -> list[Facts]:
    return [
        {
            "effect": effect, "label": label,
            "respondents": {design: _needed(sees, effect, strength, design, sizes) for design in power.DESIGNS},
        }
        for effect, (_, label) in power.EFFECTS.items()
    ]  # fmt: skip


def _needed(sees: pd.DataFrame, effect: str, strength: str, design: str, sizes: Sequence[int]) -> int | str | None:
    """Return the fewest respondents that detect the effect often enough, `misleading`, or None if none suffices."""
    for size in sizes:
        if sees.loc[(effect, strength, design, size), "sees"] >= POWER:
            return "misleading" if sees.loc[(effect, power.NOTHING, design, size), "sees"] > FALSE_RATE else size
    return None


# -- share at home, explanations --------------------------------------------------------------------------------------


def _home(table: pd.DataFrame) -> Facts:
    employees = table[table["role"] == "non_manager"].set_index(["case", "isolation"])
    columns = ["true", "low", "high", "observed", "positive"]
    rows = {
        case.name: {
            "label": case.label,
            "colleagues": employees.loc[(case.name, "isolation_from_colleagues"), columns].astype(float).to_dict(),
            "company": employees.loc[(case.name, "isolation_from_company"), columns].astype(float).to_dict(),
        }
        for case in home_share.cases()
    }
    main = max(home_share.REASONS, key=lambda name: rows[f"without_{name}"]["colleagues"]["true"])
    return {
        "home": list(rows.values()),
        "home_default": rows["default"]["colleagues"],
        "home_reason": {
            "label": home_share.REASONS[main][0], "true": rows[f"without_{main}"]["colleagues"]["true"],
        },
        "home_without_all": rows["without_all"]["colleagues"],
    }  # fmt: skip


def _parameters(explanation: Explanation) -> Facts:
    return {
        "label": explanation.label,
        "description": explanation.description,
        "parameters": [
            {
                "name": ".".join(own), "corrected": reach.corrected, "weakest": reach.weakest,
                "strongest": reach.strongest,
            }
            for own, reach in explanation.moves.items()
        ],
    }  # fmt: skip
