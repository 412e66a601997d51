"""Texts and tables of each section of the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd

from sim.errors import UserError, unknown
from sim.outcomes.definitions import BURN_OUT, MAIN_OUTCOMES
from sim.outcomes.effects import DRAWS
from sim.plotting import charts
from sim.plotting.charts.cascade import STAGE_ROLES, largest_leak, steps
from sim.plotting.charts.groups import GAIN_OUTCOMES
from sim.plotting.charts.trajectories import as_effects
from sim.reporting import phrases
from sim.reporting.sensitivity import leading_rows
from sim.reporting.tables import overlapping_sets, row_of, without_small_groups
from sim.views.report import sources
from sim.views.report.folder import Comparison
from sim.views.report.policies import Policy, policies
from sim.words import Words

_A_QUARTER, _MOST_DATES = 13, 4
"""Number of weeks, and largest number of columns of dates."""
_WORSE = 0.01
"""Smallest excess of the share that is worse off over the share that is better off, for which a group is listed."""


@dataclass(frozen=True)
class Table:
    """A table: its caption, the heads of its columns, and its rows, each beginning with the head of the row."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


class Sections:
    """The report of one comparison in one language.

    Attributes
    ----------
    focus : str
        The policy of the summary: the given one, or the last of the comparison.
    policies, worlds : list of Policy
        The policies from the source of a problem to the individual, and the what-if scenarios.
    """

    def __init__(self, comparison: Comparison, words: Words, focus: str | None = None) -> None:
        self.comparison, self.words = comparison, words
        self.about, self.tables = comparison.about, comparison.tables
        self.policies, self.worlds = self._of_kind("policy"), self._of_kind("counterfactual")
        options = [one for one, kind in comparison.kinds.items() if kind == "policy"] or list(comparison.kinds)
        if focus is not None and focus not in options:
            raise UserError(unknown("policy", focus, options))
        self.focus = focus or options[-1]
        self.name, self.focus_quoted = phrases.name_of(self.focus, words), self.quoted(self.focus)

    def _of_kind(self, kind: str) -> list[Policy]:
        scenarios = [one for one, own in self.comparison.kinds.items() if own == kind]
        return policies(scenarios, self.about["introduced"], self.about["scenarios"], self.words)

    def quoted(self, scenario: str) -> str:
        """Return the name of a scenario within a sentence."""
        return phrases.quoted(scenario, self.words)

    def _texts(self, start: str, names: Iterable[str]) -> list[str]:
        """Return the texts of some names below a key."""
        return [self.words(f"{start}.{name}") for name in names]

    # -- what was compared ---------------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """The question that the report answers."""
        count = len(self.policies)
        kind = "several" if count > 1 else "one" if count else "worlds"
        return self.words(f"report.title.{kind}", count=count, name=self.quoted(self.policies[0].id) if count else "")

    @property
    def lead(self) -> str:
        """The scenarios and runs that the report compares, in one paragraph."""
        pairs, words = int(self.about["replicates"]), self.words
        return words(
            "report.lead",
            pairs=words(f"report.pairs.{'one' if pairs == 1 else 'several'}", count=phrases.number(pairs, words)),
            weeks=words("report.weeks", count=self.about["weeks"]),
            start=phrases.day(date.fromisoformat(self.about["start"]), words),
            people=phrases.number(int(self.about["people"]), words),
        )

    @property
    def contents(self) -> list[str]:
        """The sections of the page, in its order."""
        of_policies = ["question", "effects", "trajectories", "frontier", "groups"] if self.policies else []
        worlds = ["worlds"] if self.worlds else []
        return ["short", *of_policies, "cascade", *worlds, "sensitivity", "rests", "card", "again", "references"]

    @property
    def compared(self) -> Table:
        """The policies with their level, legal status and evidence."""
        mark = f"{self.words('common.duty.mark')} "
        rows = [
            [
                f"{one.name}. {one.text}",
                self.words(f"common.level.{one.level}"),
                (mark if one.is_duty else "") + (", ".join(self._texts("common.legal", one.laws)) or "–"),
                ", ".join(self._texts("common.grade", one.grades)),
            ]
            for one in self.policies
        ]
        heads = [self.words("report.table.policy"), *self._texts("report.question", ("level", "legal", "grade"))]
        return Table(self.words("report.question.caption"), heads, rows)

    # -- in short ------------------------------------------------------------------------------------------------------

    def effect(self, outcome: str, scenario: str | None = None, group: str = "everybody") -> dict[Any, Any] | None:
        """Return the row of effects of a scenario, or of the policy of the summary; None where there is none."""
        return row_of(self.tables["effects"], outcome, group, scenario or self.focus)

    @property
    def focus_text(self) -> str:
        """The description of the policy of the summary, and the level under today's practice."""
        text = phrases.text_of(self.focus, self.words, self.about["scenarios"].get(self.focus, ""))
        row, words = self.effect(BURN_OUT), self.words
        today = "" if row is None else words("report.short.today", burn_out=phrases.number(row["baseline"], words))
        return f"{text} {today}"

    @property
    def changes_nothing(self) -> bool:
        """True if the policy of the summary equals today's practice, to the bit."""
        rows = [self.effect(outcome) for outcome in MAIN_OUTCOMES]
        return all(row is not None and row["difference"] == row["low"] == row["high"] == 0 for row in rows) or all(
            row is not None and row.get("reason") for row in rows
        )

    @property
    def headline(self) -> list[dict[str, str]]:
        """For both outcomes its name, unit and change in words; of several runs their dots as well."""
        parts, words = [], self.words
        for outcome in MAIN_OUTCOMES:
            row, counts = self.effect(outcome), row_of(self.tables["counts"], outcome, scenario=self.focus)
            part = {
                "outcome": words(f"common.outcome.{outcome}"),
                "unit": "" if row is None else phrases.unit_of(str(row["unit"]), words),
                "change": phrases.change(row, words) if row is not None else "–",
            }
            if counts is not None and counts["replicates"] > 1:
                part |= {
                    "dots": charts.dots(counts, words),
                    "sentence": phrases.dot_sentence(counts, self.comparison.interval, words),
                    "key": phrases.dots_key(counts, words),
                }
            parts.append(part)
        return parts

    @property
    def dots_by_policy(self) -> list[tuple[str, list[tuple[str, str] | None]]]:
        """Every policy with its dots for both outcomes, and their numbers in words."""
        counts = self.tables["counts"]
        return [
            (one.marked, [self._dots(row_of(counts, outcome, scenario=one.id)) for outcome in MAIN_OUTCOMES])
            for one in self.policies
        ]

    def _dots(self, row: dict[Any, Any] | None) -> tuple[str, str] | None:
        if row is None:
            return None
        pairs = zip(phrases.dots_of(row), phrases.dot_words(str(row["unit"]), self.words), strict=True)
        return charts.dots(row, self.words, 20), ", ".join(f"{dots} {name}" for dots, name in pairs)

    @property
    def dots_caption(self) -> str:
        """The caption of the dots: numbers of runs, or percentages where there are more runs than dots."""
        runs = int(self.about["replicates"])
        key = "all_caption" if runs <= phrases.MOST_DOTS else "all_caption_scaled"
        return self.words(f"report.short.{key}", runs=phrases.number(runs, self.words))

    # -- effects -------------------------------------------------------------------------------------------------------

    def effects(self, group: str = "everybody") -> Table:
        """Return every policy's change in both main outcomes, for everybody or for users."""
        caption = "report.effects.caption" if group == "everybody" else "report.effects.users_caption"
        rows = [[policy.marked, *self._changes(policy.id, group)] for policy in self.policies]
        heads = [self.words("report.table.policy"), *self._outcome_heads(group == "everybody")]
        return Table(self.words(caption), heads, rows)

    @property
    def what_if(self) -> Table:
        """The what-if scenarios, apart from the policies."""
        rows = [[f"{world.name}. {world.text}", *self._changes(world.id)] for world in self.worlds]
        heads = [self.words("report.worlds.world"), *self._outcome_heads()]
        return Table(self.words("report.worlds.caption"), heads, rows)

    @property
    def by_group(self) -> Table:
        """The change in both main outcomes by group, for the policy of the summary."""
        table = without_small_groups(self.tables["effects"])
        groups = table.loc[(table["scenario"] == self.focus) & (table["group"] != "users"), "group"].unique()
        rows = [[phrases.group_name(group, self.words), *self._changes(self.focus, group)] for group in groups]
        heads = [self.words("report.groups.group"), *self._outcome_heads()]
        return Table(self.words("report.groups.group_caption", name=self.focus_quoted), heads, rows)

    def _outcome_heads(self, today: bool = False) -> list[str]:
        row, words = self.effect(BURN_OUT), self.words
        head = words("report.table.burn_out")
        if today and row is not None:
            head = words("report.table.burn_out_today", today=phrases.number(row["baseline"], words))
        return [head, words("report.table.isolation")]

    def _changes(self, scenario: str, group: str = "everybody") -> list[str]:
        rows = [self.effect(outcome, scenario, group) for outcome in MAIN_OUTCOMES]
        users = "few_users" if self.about["introduced"].get(scenario) else "no_users"
        missing = self.words(f"report.effects.{users if group == 'users' else 'not_computed'}")
        return [missing if row is None else phrases.change(row, self.words) for row in rows]

    @property
    def overlaps(self) -> list[dict[str, Any]]:
        """For both outcomes: a sentence, and the sets of policies that cannot be distinguished."""
        if self.comparison.holds != "chance" or len(self.policies) < 2:
            return []
        table, parts = self.tables["effects"], []
        names = {policy.id: policy.name for policy in self.policies}
        for outcome in MAIN_OUTCOMES:
            rows = table[(table["outcome"] == outcome) & (table["group"] == "everybody")]
            sets = overlapping_sets(rows.set_index("scenario").loc[list(names)].reset_index())
            is_all = bool(sets) and len(sets[0]) == len(names)
            kind = "none" if not sets else "all" if is_all else "some"
            listed = [] if is_all else [phrases.listed([names[one] for one in own], self.words) for own in sets]
            heading = self.words(f"common.outcome_short.{outcome}")
            parts.append({"outcome": heading, "kind": kind, "sets": listed})
        return parts

    @property
    def asks_ranking(self) -> bool:
        """True if the report refers to `hybridwork robust_ranking` for comparing two policies."""
        return self.comparison.holds == DRAWS and len(self.policies) > 1

    # -- over time -----------------------------------------------------------------------------------------------------

    @property
    def by_date(self) -> list[Table]:
        """Every policy's change in each main outcome on a few dates."""
        table, words = self.tables["trajectories"], self.words
        table = table[table["group"] == "everybody"]
        dates = _few_dates(table)
        heads = [words("report.table.policy"), *(phrases.day(one, words) for one in dates)]
        tables = []
        for outcome in MAIN_OUTCOMES:
            own = as_effects(table[(table["outcome"] == outcome) & table["date"].isin(dates)])
            at = {(row["scenario"], row["date"]): phrases.change(row, words) for row in own.to_dict("records")}
            caption = f"{words(f'common.outcome_short.{outcome}')}. {words('report.trajectories.table_caption')}"
            rows = [[policy.marked, *(at[policy.id, one] for one in dates)] for policy in self.policies]
            tables.append(Table(caption, heads, rows))
        return tables

    # -- groups --------------------------------------------------------------------------------------------------------

    @cached_property
    def gains(self) -> pd.DataFrame:
        """The rows of gains that may be shown."""
        table = without_small_groups(self.tables["gains"])
        return table[table["outcome"].isin(GAIN_OUTCOMES)]

    @property
    def margin(self) -> str:
        """The margin below which a change does not count."""
        return phrases.number(float(self.gains["margin"].iloc[0]), self.words, 2)

    @property
    def who_gains(self) -> Table:
        """Numbers of people who are better and worse off with every policy, and the groups that lose."""
        words = self.words
        heads = [
            words(f"report.groups.{name}", outcome=words(f"common.outcome_short.{outcome}"))
            for outcome in GAIN_OUTCOMES
            for name in ("gain", "worse")
        ]
        rows = [[policy.marked, *self._gains_of(policy.id)] for policy in self.policies]
        heads = [words("report.table.policy"), *heads, words("report.groups.losing")]
        return Table(words("report.groups.table_caption"), heads, rows)

    def _gains_of(self, scenario: str) -> list[str]:
        words, cells = self.words, []
        for outcome in GAIN_OUTCOMES:
            row = row_of(self.gains, outcome, scenario=scenario)
            cells += [phrases.per_1000(row[name], words) if row else "–" for name in ("gained", "worse")]
        own = self.gains[(self.gains["scenario"] == scenario) & (self.gains["group"] != "everybody")]
        groups = [
            words(
                "report.groups.losing_one",
                group=phrases.group_name(row["group"], words),
                outcome=words(f"common.outcome_short.{row['outcome']}"),
                **{name: phrases.per_1000(row[name], words) for name in ("gained", "worse")},
            )
            for row in own[own["worse"] >= own["gained"] + _WORSE].to_dict("records")
        ]
        return [*cells, "; ".join(groups) or words("report.groups.none")]

    # -- the cascade ---------------------------------------------------------------------------------------------------

    @cached_property
    def follows(self) -> bool:
        """Whether enough employees remain for measures to be followed to them."""
        try:
            steps(self.tables["cascade"])
        except UserError:
            return False
        return True

    @property
    def leak(self) -> str:
        """The step with the largest loss under today's practice."""
        worst = largest_leak(steps(self.tables["cascade"]))
        lost = phrases.per_1000(float(worst["lost"]), self.words)
        return self.words("report.cascade.explanation", leak=self.words(f"common.leak.{worst['stage']}"), lost=lost)

    @property
    def by_measure(self) -> Table:
        """Each measure of the study, stage by stage."""
        table, words, names = self.tables["cascade"], self.words, phrases.wordings(self.words)
        rows = table[table["scenario"] == "baseline"].to_dict("records")
        at = {(row["measure"], row["role"], row["stage"]): phrases.per_1000(row["share"], words) for row in rows}
        cells = [
            [names.get(one, one), *(at.get((one, role, stage), "–") for stage, role in STAGE_ROLES.items())]
            for one in dict.fromkeys(row["measure"] for row in rows)
        ]
        heads = [words("report.cascade.measure"), *self._texts("common.stage", STAGE_ROLES)]
        return Table(words("report.cascade.table_caption"), heads, cells)

    # -- sensitivity ---------------------------------------------------------------------------------------------------

    def sensitivity_scenario(self, screening: pd.DataFrame) -> str:
        """Return the scenario of the sensitivity section: the policy of the summary, or else the first of the study."""
        scenarios = list(dict.fromkeys(screening.loc[screening["kind"] == "difference", "scenario"]))
        return self.focus if self.focus in scenarios else str(scenarios[0])

    def assumptions(self, screening: pd.DataFrame, rows_per_outcome: int = 8) -> Table:
        """Return the assumptions that change the effect of a policy most."""
        scenario, words, rows = self.sensitivity_scenario(screening), self.words, []
        for outcome in MAIN_OUTCOMES:
            own = screening[(screening["scenario"] == scenario) & (screening["outcome"] == outcome)]
            for row in leading_rows(own, "mu_star", rows_per_outcome).to_dict("records"):
                decimals = 1 if outcome == BURN_OUT else 3
                mean, low, high = (phrases.number(row[name], words, decimals) for name in ("mu_star", "low", "high"))
                move = f"{mean} ({low} {words('common.list.to')} {high}) {phrases.unit_of(str(row['unit']), words)}"
                tier = str(row["tier"]) if row["tier"] else words("report.groups.none")
                rows.append([phrases.assumption_name(row, words), words(f"common.outcome_short.{outcome}"), tier, move])
        heads = self._texts("report.sensitivity", ("assumption", "outcome", "tier", "moves"))
        return Table(words("report.sensitivity.caption", name=self.quoted(scenario)), heads, rows)

    # -- evidence ------------------------------------------------------------------------------------------------------

    @property
    def number_grades(self) -> Table | None:
        """Numbers of the model by their basis; None for a comparison by another version of the model."""
        counts = sources.grades(self.about).most_common()
        rows = [[self.words(f"common.number_grade.{one}"), phrases.number(count, self.words)] for one, count in counts]
        heads = self._texts("report.rests", ("grade", "count"))
        return Table(self.words("report.rests.numbers_caption"), heads, rows) if rows else None

    @property
    def measure_grades(self) -> Table:
        """The meaning of the grades on this page."""
        grades = dict.fromkeys(grade for policy in self.policies for grade in policy.grades)
        rows = [[self.words(f"common.{name}.{grade}") for name in ("grade", "grade_means")] for grade in grades]
        heads = [self.words("report.question.grade"), self.words("report.rests.means")]
        return Table(self.words("report.rests.measures_caption"), heads, rows)


def _few_dates(table: pd.DataFrame) -> list[Any]:
    """Return the last week of every quarter, or of longer periods, at most `_MOST_DATES`."""
    dates, step = sorted(table["date"].unique()), _A_QUARTER
    while len(dates) // step > _MOST_DATES:
        step *= 2
    return dates[step - 1 :: step] or dates[-1:]
