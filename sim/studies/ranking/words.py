"""The sentences of a robust ranking: a hundred worlds that add up, and the words that pages and terminals share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sim.reporting.summary import TODAY, label_of
from sim.studies.ranking.statistics import ALL, BURN_OUT, COLLEAGUES, COMPANY, PLAUSIBLE, SINGLE, of_hundred

if TYPE_CHECKING:
    import pandas as pd

Tables = Mapping[str, "pd.DataFrame"]
Facts = Mapping[str, Any]

NOT_THE_CHANCE = (
    "This is not the chance that it works with you. It counts how many simulated versions of an organisation, drawn "
    "from what is not known, come out so; what the model leaves out is in none of them."
)
SHORT = {
    BURN_OUT: "burn-out complaints",
    COLLEAGUES: "isolation from colleagues",
    COMPANY: "isolation from the company",
}


def headlines(tables: Tables, facts: Facts) -> list[str]:
    """The sentences that come first: the two leading single policies, then every policy against today's practice."""
    if too_few(facts):
        return [said_too_few(facts)]
    pair = leading_pair(tables, facts)
    first = [] if pair is None else [pair_in_words(pair)]
    isolation = today_rows(tables, COLLEAGUES, PLAUSIBLE).set_index("policy")
    of_burn_out = today_rows(tables, BURN_OUT, PLAUSIBLE)
    return [*first, *(_policy_in_words(row, isolation.loc[row["policy"]]) for _, row in of_burn_out.iterrows())]


def too_few(facts: Facts) -> bool:
    """Whether too few draws are plausible to speak of a hundred worlds."""
    return bool(facts["plausible"] < facts["ranking"]["fewest"])


def said_too_few(facts: Facts) -> str:
    """That there are too few, and what to do about it."""
    return (
        f"Only {facts['plausible']:,} of {facts['lived']:,} draws are plausible, fewer than the "
        f"{facts['ranking']['fewest']} that it takes to speak of a hundred worlds; ask for more draws, as in "
        f"design.n={2 * max(facts['lived'], 100)}, or for less nearness, as in ranking.near_burn_out=8."
    )


def leading_pair(tables: Tables, facts: Facts, outcome: str = BURN_OUT) -> pd.Series | None:
    """The row of `pairs` of the two leading single policies, seen from the one that is more often better."""
    if len(facts["leaders"]) < 2:
        return None
    one, two = facts["leaders"][:2]
    rows = where(tables["pairs"], draws=PLAUSIBLE, outcome=outcome)
    row = rows[rows["first"].isin([one, two]) & rows["second"].isin([one, two])].iloc[0]
    return row if row["better"] >= row["worse"] else seen_from_second(row)


def seen_from_second(row: pd.Series) -> pd.Series:
    """A row of `pairs` with its two policies changed about."""
    other = {"first": "second", "second": "first"}
    for end in ("", "_share", "_low", "_high"):
        other |= {f"better{end}": f"worse{end}", f"worse{end}": f"better{end}"}
    return row.rename(other)


def pair_in_words(row: pd.Series) -> str:
    """Two policies on burn-out complaints, in a hundred worlds that add up.

    >>> import pandas as pd
    >>> pair_in_words(pd.Series({"first": "a_rule", "second": "a_talk", "better": 83, "same": 12, "worse": 5}))
    'In 100 plausible versions of this organisation, "a rule" lowers burn-out complaints more than "a talk" in 83, \
about as much in 12, and less in 5.'
    """
    better, same, worse = of_hundred([int(row[name]) for name in ("better", "same", "worse")])
    return (
        f'In 100 plausible versions of this organisation, "{name_of(row["first"])}" lowers burn-out complaints more '
        f'than "{name_of(row["second"])}" in {better}, about as much in {same}, and less in {worse}.'
    )


def _policy_in_words(burn_out: pd.Series, isolation: pd.Series) -> str:
    better, same, nothing, worse = hundred_worlds(burn_out)
    lower, alike, unchanged, higher = hundred_worlds(isolation)
    at_all = f" (in {nothing} of these it changes nothing at all)" if nothing else ""
    return (
        f'Against {TODAY}, "{name_of(burn_out["policy"])}" lowers burn-out complaints in {better} of 100, leaves them '
        f"about the same in {same + nothing}{at_all}, and raises them in {worse}; it lowers isolation from colleagues "
        f"in {lower}, leaves it about the same in {alike + unchanged}, and raises it in {higher}."
    )


def hundred_worlds(row: Mapping[str, Any] | pd.Series) -> list[int]:
    """Of a hundred worlds: in how many a policy is better, about the same, changes nothing at all, and is worse."""
    better, same, worse = of_hundred([int(row[name]) for name in ("better", "same", "worse")])
    nothing = min(same, round(100 * row["unchanged"] / row["worlds"])) if row["worlds"] else 0
    return [better, same - nothing, nothing, worse]


# -- words ------------------------------------------------------------------------------------------------------------


def where(table: pd.DataFrame, **columns: str) -> pd.DataFrame:
    """The rows of a table in which these columns hold these values."""
    for column, value in columns.items():
        table = table[table[column] == value]
    return table


def today_rows(tables: Tables, outcome: str, draws: str) -> pd.DataFrame:
    """The rows of `against_today` of an outcome in these draws, one a policy."""
    return where(tables["against_today"], draws=draws, outcome=outcome)


def singles_of(facts: Facts) -> str:
    """Among which policies the single ones are compared: all of them, where there are no packages."""
    return SINGLE if facts["packages"] else ALL


def name_of(policy: str) -> str:
    """A policy within a sentence."""
    label = label_of(str(policy))
    return label[0].lower() + label[1:]


def of_100(row: pd.Series, name: str) -> str:
    """A share in whole hundredths, with its interval in brackets."""
    return f"{100 * row[f'{name}_share']:.0f} {ends_of(row, name)}"


def ends_of(row: pd.Series, name: str) -> str:
    """The interval of a share in whole hundredths, in brackets."""
    return f"({100 * row[f'{name}_low']:.0f} to {100 * row[f'{name}_high']:.0f})"


def joined(names: Iterable[str]) -> str:
    """Names with commas and an "and" before the last."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
