"""Texts and tables of each section of the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sim.errors import UserError, unknown
from sim.outcomes.definitions import BURN_OUT, MAIN_OUTCOMES
from sim.outcomes.effects import DRAWS
from sim.plotting import charts
from sim.plotting.charts.cascade import STAGE_ROLES, largest_leak, steps
from sim.plotting.charts.groups import GAIN_OUTCOMES
from sim.plotting.charts.trajectories import as_effects
from sim.reporting import phrases
from sim.reporting.sensitivity import leading_rows
from sim.reporting.tables import overlapping_sets, without_small_groups
from sim.views.report.folder import Comparison
from sim.views.report.policies import Policy, policies
from sim.words import Words

if TYPE_CHECKING:
    import pandas as pd

_A_QUARTER, _MOST_DATES = 13, 4
"""Weeks; columns of dates at most."""
_WORSE = 0.01
"""A group is listed where the share that is worse off exceeds the share that is better off by this much."""


@dataclass(frozen=True)
class Table:
    """A table: its caption, the heads of its columns, and its rows, each beginning with its own head."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


class Sections:
    """The report of one comparison in one language; `focus` is the policy of the summary."""

    def __init__(self, comparison: Comparison, words: Words, focus: str | None = None):
        self.comparison, self.words = comparison, words
        self.about, self.tables = comparison.about, comparison.tables
        options = [one for one, kind in comparison.kinds.items() if kind == "policy"] or list(comparison.kinds)
        if focus is not None and focus not in options:
            raise UserError(unknown("policy", focus, options))
        self.focus = focus or options[-1]

    # -- what was compared ---------------------------------------------------------------------------------------------

    @cached_property
    def policies(self) -> list[Policy]:
        """The policies, from the source of a problem to the individual."""
        return self._of_kind("policy")

    @cached_property
    def worlds(self) -> list[Policy]:
        """The what-if scenarios."""
        return self._of_kind("counterfactual")

    def _of_kind(self, kind: str) -> list[Policy]:
        scenarios = [one for one, its in self.comparison.kinds.items() if its == kind]
        return policies(scenarios, self.about["introduced"], self.about["scenarios"], self.words)

    @property
    def title(self) -> str:
        """The question that the report answers."""
        if not self.policies:
            return self.words("report.title.worlds", count=len(self.worlds))
        if len(self.policies) == 1:
            return self.words("report.title.one", name=phrases.quoted(self.policies[0].id, self.words))
        return self.words("report.title.several", count=len(self.policies))

    @property
    def lead(self) -> str:
        """How the report answers it."""
        from datetime import date

        pairs, words = int(self.about["replicates"]), self.words
        key = "report.pairs.one" if pairs == 1 else "report.pairs.several"
        return words(
            "report.lead",
            pairs=words(key, count=phrases.number(pairs, words)),
            weeks=words("report.weeks", count=self.about["weeks"]),
            start=phrases.day(date.fromisoformat(self.about["start"]), words),
            people=phrases.number(int(self.about["people"]), words),
        )

    @property
    def compared(self) -> Table:
        """The policies with their level, legal status and evidence."""
        words = self.words
        heads = [words(f"report.question.{name}") for name in ("policy", "level", "legal", "grade")]
        rows = [[f"{one.name}. {one.text}", words(f"common.level.{one.level}"), self._law(one), self._grade(one)]
                for one in self.policies]  # fmt: skip
        return Table(words("report.question.caption"), heads, rows)

    def _law(self, policy: Policy) -> str:
        laws = [self.words(f"common.legal.{law}") for law in policy.laws]
        mark = f"{self.words('common.duty.mark')} " if policy.duties else ""
        return f"{mark}{', '.join(laws)}" if laws else "–"

    def _grade(self, policy: Policy) -> str:
        return ", ".join(self.words(f"common.grade.{grade}") for grade in policy.grades)

    def _marked(self, policy: Policy) -> str:
        """Return the name, with a mark for a legal duty."""
        return f"{policy.name} {self.words('common.duty.mark')}" if policy.duties else policy.name

    @property
    def holds_duties(self) -> bool:
        """Whether any policy includes a legal duty."""
        return any(policy.duties for policy in self.policies)

    def quoted(self, scenario: str) -> str:
        """The name of a scenario within a sentence."""
        return phrases.quoted(scenario, self.words)

    @property
    def contents(self) -> list[str]:
        """The sections of the page, in its order."""
        of_policies = ["question", "effects", "trajectories", "frontier", "groups"] if self.policies else []
        worlds = ["worlds"] if self.worlds else []
        return ["short", *of_policies, "cascade", *worlds, "sensitivity", "rests", "card", "again", "references"]

    # -- in short ------------------------------------------------------------------------------------------------------

    def effect(self, outcome: str, scenario: str | None = None, group: str = "everybody") -> dict[Any, Any] | None:
        """Return the row of effects of a scenario; None where there is none."""
        table = self.tables["effects"]
        scenario = scenario or self.focus
        own = table[(table["scenario"] == scenario) & (table["outcome"] == outcome) & (table["group"] == group)]
        return None if own.empty else own.iloc[0].to_dict()

    @property
    def focus_name(self) -> str:
        """The name of the policy of the summary."""
        return phrases.name_of(self.focus, self.words)

    @property
    def focus_quoted(self) -> str:
        """The same within a sentence."""
        return phrases.quoted(self.focus, self.words)

    @property
    def focus_text(self) -> str:
        """The description of the policy of the summary."""
        return phrases.text_of(self.focus, self.words, self.about["scenarios"].get(self.focus, ""))

    @property
    def changes_nothing(self) -> bool:
        """Whether the policy of the summary equals today's practice, to the bit."""
        rows = [self.effect(outcome) for outcome in MAIN_OUTCOMES]
        return all(row is not None and row["difference"] == row["low"] == row["high"] == 0 for row in rows) or all(
            row is not None and row.get("reason") for row in rows
        )

    @property
    def today(self) -> str:
        """How many have burn-out complaints under today's practice."""
        row, words = self.effect(BURN_OUT), self.words
        return "" if row is None else words("report.short.today", burn_out=phrases.number(row["baseline"], words))

    @property
    def headline(self) -> list[dict[str, str]]:
        """For both outcomes its name, unit and change in words; of several runs their dots as well."""
        parts = []
        for outcome in MAIN_OUTCOMES:
            row, counts = self.effect(outcome), self._counts_of(outcome, self.focus)
            part = {
                "outcome": self.words(f"common.outcome.{outcome}"),
                "unit": "" if row is None else phrases.unit_of(str(row["unit"]), self.words),
                "change": phrases.change(row, self.words) if row is not None else "–",
            }
            if counts is not None and counts["replicates"] > 1:
                part |= {
                    "dots": charts.dots(counts, self.words),
                    "sentence": phrases.dot_sentence(counts, self.comparison.interval, self.words),
                    "key": phrases.dots_key(counts, self.words),
                }
            parts.append(part)
        return parts

    def _counts_of(self, outcome: str, scenario: str) -> dict[Any, Any] | None:
        counts = self.tables["counts"]
        own = counts[
            (counts["scenario"] == scenario) & (counts["outcome"] == outcome) & (counts["group"] == "everybody")
        ]
        return None if own.empty else own.iloc[0].to_dict()

    @property
    def dots_by_policy(self) -> list[dict[str, Any]]:
        """Every policy with its dots for both outcomes, and their numbers in words."""
        rows = []
        for policy in self.policies:
            cells = []
            for outcome in MAIN_OUTCOMES:
                row = self._counts_of(outcome, policy.id)
                cells.append(None if row is None else (charts.dots(row, self.words, 20), self._dots_in_words(row)))
            rows.append({"name": self._marked(policy), "cells": cells})
        return rows

    @property
    def dots_caption(self) -> str:
        """The caption of the dots: numbers of runs, or percentages where there are more runs than dots."""
        runs = int(self.about["replicates"])
        key = "all_caption" if runs <= phrases.MOST_DOTS else "all_caption_scaled"
        return self.words(f"report.short.{key}", runs=phrases.number(runs, self.words))

    def _dots_in_words(self, row: dict[Any, Any]) -> str:
        names = phrases.dot_words(str(row["unit"]), self.words)
        return ", ".join(f"{dots} {name}" for dots, name in zip(phrases.dots_of(row), names, strict=True))

    # -- effects -------------------------------------------------------------------------------------------------------

    def effects(self, group: str = "everybody") -> Table:
        """Return every policy's change in both main outcomes, for everybody or for users."""
        caption = "report.effects.caption" if group == "everybody" else "report.effects.users_caption"
        rows = [
            [self._marked(policy), *(self._change(outcome, policy.id, group) for outcome in MAIN_OUTCOMES)]
            for policy in self.policies
        ]
        return Table(self.words(caption), self._heads(group == "everybody"), rows)

    def _heads(self, today: bool = False) -> list[str]:
        row = self.effect(BURN_OUT)
        head = self.words("report.table.burn_out")
        if today and row is not None:
            head = self.words("report.table.burn_out_today", today=phrases.number(row["baseline"], self.words))
        return [self.words("report.table.policy"), head, self.words("report.table.isolation")]

    def _change(self, outcome: str, scenario: str, group: str) -> str:
        row = self.effect(outcome, scenario, group)
        if row is not None:
            return phrases.change(row, self.words)
        if group != "users":
            return self.words("report.effects.not_computed")
        few = "few_users" if self.about["introduced"].get(scenario) else "no_users"
        return self.words(f"report.effects.{few}")

    @property
    def overlaps(self) -> list[dict[str, Any]]:
        """For both outcomes: a sentence, and the sets of policies that cannot be distinguished."""
        if self.comparison.holds != "chance" or len(self.policies) < 2:
            return []
        table = self.tables["effects"]
        names = {policy.id: policy.name for policy in self.policies}
        parts = []
        for outcome in MAIN_OUTCOMES:
            rows = table[(table["outcome"] == outcome) & (table["group"] == "everybody")]
            rows = rows.set_index("scenario").loc[list(names)].reset_index()
            sets = overlapping_sets(rows)
            every = bool(sets) and len(sets[0]) == len(rows)
            kind = "none" if not sets else "all" if every else "some"
            listed = [] if every else [phrases.listed([names[one] for one in own], self.words) for own in sets]
            parts.append(
                {
                    "outcome": self.words(f"common.outcome_short.{outcome}"),
                    "sentence": self.words(f"report.effects.told_apart.{kind}"),
                    "sets": listed,
                }
            )
        return parts

    @property
    def asks_ranking(self) -> bool:
        """Whether the report refers to `hybridwork robust_ranking` for comparing two policies."""
        return self.comparison.holds == DRAWS and len(self.policies) > 1

    # -- over time -----------------------------------------------------------------------------------------------------

    @property
    def by_date(self) -> list[Table]:
        """Every policy's change in each main outcome on a few dates."""
        table = self.tables["trajectories"]
        table = table[table["group"] == "everybody"]
        dates = self._dates(table)
        tables = []
        for outcome in MAIN_OUTCOMES:
            own = as_effects(table[(table["outcome"] == outcome) & table["date"].isin(dates)])
            at = {(row["scenario"], row["date"]): row for row in own.to_dict("records")}
            name = self.words(f"common.outcome_short.{outcome}")
            caption = f"{name}. {self.words('report.trajectories.table_caption')}"
            heads = [self.words("report.table.policy"), *(phrases.day(date, self.words) for date in dates)]
            rows = [
                [self._marked(one), *(phrases.change(at[one.id, date], self.words) for date in dates)]
                for one in self.policies
            ]
            tables.append(Table(caption, heads, rows))
        return tables

    @staticmethod
    def _dates(table: pd.DataFrame) -> list[Any]:
        """Return the last week of every quarter, half year or longer, so that there are few enough."""
        dates = sorted(table["date"].unique())
        step = _A_QUARTER
        while len(dates) // step > _MOST_DATES:
            step *= 2
        return dates[step - 1 :: step] or dates[-1:]

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
        """How many are better and worse off with every policy, and the groups that lose."""
        words = self.words
        heads = [words("report.table.policy")]
        for outcome in GAIN_OUTCOMES:
            name = words(f"common.outcome_short.{outcome}")
            heads += [words("report.groups.gain", outcome=name), words("report.groups.worse", outcome=name)]
        heads.append(words("report.groups.losing"))
        rows = [[self._marked(policy), *self._gains_of(policy.id)] for policy in self.policies]
        return Table(words("report.groups.table_caption"), heads, rows)

    def _gains_of(self, scenario: str) -> list[str]:
        own = self.gains[self.gains["scenario"] == scenario]
        cells = []
        for outcome in GAIN_OUTCOMES:
            rows = own[(own["outcome"] == outcome) & (own["group"] == "everybody")]
            cells += [phrases.per_1000(float(rows[name].iloc[0]), self.words) if len(rows) else "–"
                      for name in ("gained", "worse")]  # fmt: skip
        losing = own[(own["worse"] >= own["gained"] + _WORSE) & (own["group"] != "everybody")]
        groups = [
            self.words(
                "report.groups.losing_one",
                group=phrases.group_name(row["group"], self.words),
                outcome=self.words(f"common.outcome_short.{row['outcome']}"),
                worse=phrases.per_1000(row["worse"], self.words),
                gained=phrases.per_1000(row["gained"], self.words),
            )
            for row in losing.to_dict("records")
        ]
        return [*cells, "; ".join(groups) or self.words("report.groups.none")]

    @property
    def by_group(self) -> Table:
        """The change in both main outcomes by group, for the policy of the summary."""
        table = without_small_groups(self.tables["effects"])
        own = table[(table["scenario"] == self.focus) & (table["group"] != "users")]
        rows = [
            [phrases.group_name(group, self.words),
             *(self._change(outcome, self.focus, group) for outcome in MAIN_OUTCOMES)]
            for group in dict.fromkeys(own["group"])
        ]  # fmt: skip
        caption = self.words("report.groups.group_caption", name=self.focus_quoted)
        return Table(caption, [self.words("report.groups.group"), *self._heads()[1:]], rows)

    # -- the cascade ---------------------------------------------------------------------------------------------------

    @cached_property
    def follows(self) -> bool:
        """Whether measures can be followed to employees at all."""
        try:
            steps(self.tables["cascade"])
        except UserError:
            return False
        return True

    @property
    def leak(self) -> str:
        """Where most is lost under today's practice."""
        worst = largest_leak(steps(self.tables["cascade"]))
        lost = phrases.per_1000(float(worst["lost"]), self.words)
        leak = self.words(f"common.leak.{worst['stage']}")
        return self.words("report.cascade.explanation", leak=leak, lost=lost)

    @property
    def by_measure(self) -> Table:
        """Each measure of the study, stage by stage."""
        table = self.tables["cascade"]
        table = table[table["scenario"] == "baseline"]
        at = {(row["measure"], row["role"], row["stage"]): row["share"] for row in table.to_dict("records")}
        wordings = phrases.wordings(self.words)
        rows = [
            [wordings.get(measure, measure),
             *(phrases.per_1000(at[measure, role, stage], self.words) if (measure, role, stage) in at else "–"
               for stage, role in STAGE_ROLES.items())]
            for measure in dict.fromkeys(table["measure"])
        ]  # fmt: skip
        heads = [self.words("report.cascade.measure"), *(self.words(f"common.stage.{stage}") for stage in STAGE_ROLES)]
        return Table(self.words("report.cascade.table_caption"), heads, rows)

    # -- what-if scenarios ---------------------------------------------------------------------------------------------

    @property
    def what_if(self) -> Table:
        """The what-if scenarios, apart from the policies."""
        rows = [
            [f"{world.name}. {world.text}",
             *(self._change(outcome, world.id, "everybody") for outcome in MAIN_OUTCOMES)]
            for world in self.worlds
        ]  # fmt: skip
        heads = [self.words("report.worlds.world"), *self._heads()[1:]]
        return Table(self.words("report.worlds.caption"), heads, rows)

    # -- sensitivity ---------------------------------------------------------------------------------------------------

    def sensitivity_scenario(self, screening: pd.DataFrame) -> str:
        """Return the scenario of the sensitivity section: the policy of the summary, or else the first of the study."""
        scenarios = list(dict.fromkeys(screening.loc[screening["kind"] == "difference", "scenario"]))
        return self.focus if self.focus in scenarios else str(scenarios[0])

    def assumptions(self, screening: pd.DataFrame, rows_per_outcome: int = 8) -> Table:
        """Return the assumptions that change the effect of a policy most."""
        scenario, words = self.sensitivity_scenario(screening), self.words
        rows = []
        for outcome in MAIN_OUTCOMES:
            own = screening[(screening["scenario"] == scenario) & (screening["outcome"] == outcome)]
            decimals = 1 if outcome == BURN_OUT else 3
            for row in leading_rows(own, "mu_star", rows_per_outcome).to_dict("records"):
                numbers = [phrases.number(row[name], words, decimals) for name in ("mu_star", "low", "high")]
                interval = f"{numbers[1]} {words('common.list.to')} {numbers[2]}"
                move = f"{numbers[0]} ({interval}) {phrases.unit_of(str(row['unit']), words)}"
                tier = str(row["tier"]) if row["tier"] else words("report.groups.none")
                rows.append([phrases.assumption_name(row, words), words(f"common.outcome_short.{outcome}"), tier, move])
        heads = [words(f"report.sensitivity.{name}") for name in ("assumption", "outcome", "tier", "moves")]
        return Table(words("report.sensitivity.caption", name=phrases.quoted(scenario, words)), heads, rows)
