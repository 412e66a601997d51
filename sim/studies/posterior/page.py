"""The page of a calibration: what agrees with what was observed, how far to trust it, and what was learned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.formatting import signed
from sim.studies.posterior.diagnostics import NOMINAL

if TYPE_CHECKING:
    import pandas as pd

Tables = Mapping[str, "pd.DataFrame"]
_SHOWN, _PAIRS, _DRIFTED = 20, 12, 5


_OPENING = (
    "The point in `conf/fit/point.yaml` meets every target. Many other points would meet them as well. "
    "`hybridwork posterior` looks for those: complete sets of everything that is open that agree with what was "
    "observed within its error. Comparisons give every run a draw of its own (`fit=posterior`, the default), "
    "sweeps take them by `design=posterior`, and draws that were made for other equations, ranges or data are "
    "refused, with what has changed.\n\n"
    "Observed are the levels and the cells of the study's table to which the model is fitted. Each has an "
    "*error*, the SD that another study of the kind would show, and a *discrepancy*, the SD by which a model like "
    "this would miss it with the right numbers too; both stand with their grounds in `sim/data/observations.csv`. "
    "A file of your own takes its place (`observations=mine.csv`): a missing or impossible value is named by its "
    "row, and a target beyond what the model reaches is refused with the reach."
)
_PREDICTIVE = (
    "![Every observation with its predictive interval, in SDs of error and discrepancy]"
    "(figures/calibration_predictive.png)"
)
_LEARNED = "![How much narrower the posterior is than the prior](figures/calibration_learned.png)"


def headlines(tables: Tables, facts: Mapping[str, Any]) -> str:
    """What came out, in a few lines."""
    predictive = tables["predictive"]
    inside, count = int(predictive["inside"].sum()), len(predictive)
    lines = [
        f"{inside} of {count} observations lie inside their 90% predictive interval",
        f"effective draws: {facts['effective']:.0f} ({_by(facts)}); {facts['distinct']} different ones kept",
        *(
            []
            if facts["weighed"]
            else ["too few draws count, so they are kept unweighed, which is wider than it should be"]
        ),
        f"the flow's intervals of {_levels()} hold {_covered(tables['coverage'])} of known truths",
        *(
            [f"the stand-in's hold {_covered(tables['coverage_of_stand_in'])}"]
            if "coverage_of_stand_in" in tables
            else []
        ),
        f"{len(facts['matter'])} of {facts['parameters']} parameters move an observation by a fair part of its error",
    ]
    return "\n".join(lines)


def write(tables: Tables, facts: Mapping[str, Any]) -> str:
    """The page as markdown."""
    parts = (
        "# Calibration with uncertainty",
        _OPENING,
        _verdict(tables, facts),
        f"## What was observed, and what the draws predict\n\n{_PREDICTIVE}\n\n{_predicted(tables['predictive'])}",
        f"## How far the draws can be trusted\n\n{_trust(tables, facts)}\n\n{_recoveries(tables)}",
        f"## What was learned\n\n{_LEARNED}\n\n{_learned(tables['shrinkage'])}",
        f"## What stands in for what\n\n{_pairs(tables['trade_offs'])}",
        f"## Scales\n\n{_scales(tables['scales'])}",
        f"## How this was found, and what it does not hold\n\n{_how(facts)}",
    )
    return "\n\n".join(parts) + "\n"


def _verdict(tables: Tables, facts: Mapping[str, Any]) -> str:
    predictive = tables["predictive"]
    outside = list(predictive.loc[~predictive["inside"], "label"])
    missed = f" Outside: {'; '.join(outside)}." if outside else ""
    few = (
        ""
        if facts["weighed"]
        else " **That is fewer than were asked for. Weights that rest on so few would make everything seem known, so "
        "the draws are kept unweighed; what is not known of the model makes them wider than they should be.**"
    )
    return (
        f"{int(predictive['inside'].sum())} of {len(predictive)} observations lie inside the 90% interval that the "
        f"draws predict for them, error and discrepancy included.{missed} The draws, weighed, are worth "
        f"{facts['effective']:.0f} independent ones ({_by(facts)}).{few}"
    )


def _by(facts: Mapping[str, Any]) -> str:
    return "drawn by the flow" if facts["by"] == "flow" else "sought with a stand-in for the model"


def _levels() -> str:
    *first, last = (f"{level:.0%}" for level in NOMINAL)
    return f"{', '.join(first)} and {last}"


def _covered(coverage: pd.DataFrame) -> str:
    of_all = coverage[coverage["parameter"] == "all"].set_index("nominal")["covered"]
    *first, last = (f"{of_all[level]:.0%}" for level in NOMINAL)
    return f"{', '.join(first)} and {last}"


# -- tables -----------------------------------------------------------------------------------------------------------


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "| " + " | ".join("---" for _ in heads) + " |"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _predicted(table: pd.DataFrame) -> str:
    rows = table.sort_values("inside", kind="stable").to_dict("records")
    heads = (
        "Observation",
        "Unit",
        "Observed",
        "Error",
        "Discrepancy",
        "Predicted (90%)",
        "Model alone (90%)",
        "Inside",
    )
    return _table(heads, ([
        row["label"], row["unit"], f"{row['observed']:g}", f"{row['error']:g}", f"{row['discrepancy']:g}",
        f"{row['median']:.3g} ({row['low']:.3g} to {row['high']:.3g})",
        f"{row['model_low']:.3g} to {row['model_high']:.3g}", "yes" if row["inside"] else "**no**",
    ] for row in rows))  # fmt: skip


def _trust(tables: Tables, facts: Mapping[str, Any]) -> str:
    sbi = facts["sbi"]
    stand_in = [_known(tables, "stand-in", "_of_stand_in")] if "coverage_of_stand_in" in tables else []
    return "\n".join(
        [
            _known(tables, "flow"),
            *stand_in,
            f"- **sbi's own checks**: ranks of truths are uniform with p {sbi['ranks_p']:.2g} (SBC, the least of all "
            f"parameters times their number); TARP's area is {signed(sbi['tarp_area'], 2)} (p {sbi['tarp_p']:.2g}).",
            "- **Rounds**: parameter sets that were lived anew and weighed by what they showed. Misfit is how far runs "
            "lie from the stand-in, squared, over how far it expects them; agreement is the R-hat of its chains. Both "
            "should be near 1.",
            "",
            _rounds(tables["rounds"]),
        ]
    )


def _recoveries(tables: Tables) -> str:
    of_stand_in = "\n\n![The same for the stand-in](figures/calibration_recovery_of_stand_in.png)"
    return "![Known truths beside what the flow makes of them](figures/calibration_recovery.png)" + (
        of_stand_in if "recovery_of_stand_in" in tables else ""
    )


def _known(tables: Tables, who: str, of: str = "") -> str:
    """How well known truths are found."""
    coverage, recovery = tables[f"coverage{of}"], tables[f"recovery{of}"]
    found = recovery.groupby("parameter")[["true", "median"]].apply(lambda own: own["true"].corr(own["median"]))
    singles = coverage[coverage["parameter"] != "all"]
    worst = singles.loc[(singles["covered"] - singles["nominal"]).abs().idxmax()]
    return (
        f"- **Known truths, {who}**: of {recovery['truth'].nunique()} simulations that the {who} has not learned from, "
        f"its intervals of {_levels()} hold {_covered(coverage)} of the parameters' values; farthest off is "
        f"`{worst['parameter']}` ({worst['covered']:.0%} at {worst['nominal']:.0%}). Truths and medians correlate by "
        f"more than .5 for {int((found > 0.5).sum())} of {len(found)} parameters, and by less than .2 for "
        f"{int((found < 0.2).sum())}, of which these observations say next to nothing."
    )


def _rounds(table: pd.DataFrame) -> str:
    by = {"flow": "the flow, the rest from the prior", "stand-in": "a stand-in that learned from all runs before"}
    heads = ("Round", "Drawn by", "Runs", "Effective draws", "Largest weight", "Misfit", "Agreement")
    return _table(heads, ([
        str(row["round"]), by[row["by"]], f"{row['runs']:,}", f"{row['effective']:.0f}", f"{row['largest_weight']:.1%}",
        _number(row["misfit"]), _number(row["agreement"]),
    ] for row in table.to_dict("records")))  # fmt: skip


def _number(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.2f}"


def _learned(table: pd.DataFrame) -> str:
    nothing = int((table["shrinkage"] < 0.1).sum())
    rows = table.head(_SHOWN).to_dict("records")
    told = _table(("Parameter", "Range", "Median (90%)", "Shrinkage"), (
        [f"`{row['parameter']}`", f"{row['range_low']:g} to {row['range_high']:g} {row['unit']}",
         f"{row['median']:.3g} ({row['low']:.3g} to {row['high']:.3g})", f"{row['shrinkage']:.0%}"]
        for row in rows
    ))  # fmt: skip
    return (
        f"Shrinkage is one less the posterior's SD over the prior's. Of {nothing} of {len(table)} parameters less than "
        f"10% was learned: what is assumed about them stays assumed.\n\n{told}"
    )


def _pairs(table: pd.DataFrame) -> str:
    if table.empty:
        return "No two parameters correlate by ±.3 or more."
    rows = table.head(_PAIRS).to_dict("records")
    told = _table(("Parameter", "Other", "Correlation"), (
        [f"`{row['parameter']}`", f"`{row['other']}`", signed(row["correlation"], 2)] for row in rows
    ))  # fmt: skip
    return f"{len(table)} pairs correlate by ±.3 or more; only their combination is known.\n\n{told}"


def _scales(table: pd.DataFrame) -> str:
    own = table.assign(far=table["mean"].abs() + (table["mean_high"] - table["mean_low"]) / 2)
    rows = own.sort_values("far", ascending=False).head(_DRIFTED).to_dict("records")
    told = _table(("Scale", "Mean over draws (90%)", "SD over draws (90%)"), (
        [row["state"].replace("_", " "),
         "{} ({} to {})".format(*(signed(row[name], 2) for name in ("mean", "mean_low", "mean_high"))),
         f"{row['sd']:.2f} ({row['sd_low']:.2f} to {row['sd_high']:.2f})"]
        for row in rows
    ))  # fmt: skip
    return (
        "Scales were centred once, at the point that was fitted, and not again for every draw. So in a draw the "
        f"reference people do not average exactly 0 with SD 1; farthest off are:\n\n{told}"
    )


def _how(facts: Mapping[str, Any]) -> str:
    simulations, firm = facts["simulations"], facts["firm"]
    return "\n".join(
        [
            f"- **Simulations**: {simulations['prior']:,} from the prior, {simulations['screening']:,} of a Morris "
            f"screening, {simulations['weighed']:,} that were weighed; each of {firm['establishments']} establishments "
            f"with {firm['sample']} people, looked at over {facts['weeks']} weeks after {facts['burn_in']}. Seed "
            f"{facts['seed']}, version {facts['version']}.",
            f"- **Prior**: uniform over the range of each of {facts['parameters']} open numbers, independent. Switches,"
            " what is centred and definitions keep their values, so doubt about structure is in none of this.",
            "- **Likelihood**: each observation is normal about what the model shows, with the SDs of its error and of "
            "the model's discrepancy, and independent of all others. Discrepancies are assumed, as "
            "`sim/data/observations.csv` says row by row. Answers of one person to fifteen questions are not "
            "independent in truth, so the table of measures counts for a little more than it should.",
            f"- **Flow** (NPE, sbi): learned from {facts['learned_from']:,} runs in {facts['epochs']} epochs of the "
            f"{len(facts['matter'])} parameters that matter; the luck of a run counts as error to it. It is amortised: "
            "`flow.pt` answers for other observations too.",
            "- **Stand-in**: ridge regressions of every observation on all parameters, and on squares and products of "
            "the leading ones. Sets drawn with it are lived; what the model shows on average is taken to lie between "
            "the run and the stand-in, nearer to whichever is surer, and the weight is the likelihood of that over "
            "the one before.",
        ]
    )
