"""Organisations are read as recorded, or refused in one line that says what to do."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from sim import csv_text
from sim.engine.plan import Plan
from sim.errors import UserError
from sim.runs.run import run
from sim.world.establishments import build
from sim.world.firm import Firm, FirmOptions

HEADER = ["id", "team", "department", "manager", "role"]
Rows = list[list[str]]


def unit(head: str, members: int, department: str, above: str = "") -> Rows:
    """A head with a team of so many members."""
    rows = [[head, f"team {head}", department, above, "manager"]]
    return rows + [[f"{head}-{n}", f"team {head}", department, head, "employee"] for n in range(members)]


def heads_alone() -> Rows:
    """A director alone, over three heads who are alone too, over leaders of teams."""
    rows = [["director", "board", "board", "", "manager"]]
    for head in ("a", "b", "c"):
        rows += [[head, f"head {head}", f"department {head}", "director", "manager"]]
        rows += unit(f"{head}1", 4, f"department {head}", head) + unit(f"{head}2", 3, f"department {head}", head)
    return rows


def across_departments() -> Rows:
    """A team of two departments, and one member of a team who is alone in a third."""
    rows = unit("x", 5, "sales") + unit("y", 4, "sales", "x") + unit("z", 4, "care", "x")
    rows[1][2] = rows[2][2] = "care"
    rows[8][2] = "alone in this department"
    return rows


def leaders_outside_their_teams() -> Rows:
    rows = unit("x", 5, "sales") + unit("y", 5, "sales", "x")
    rows[6][1] = "team x"
    return rows


def nobody_leads() -> Rows:
    return [[f"p{n}", f"team {n % 3}", "all", "", "manager" if n < 3 else "employee"] for n in range(15)]


def a_secretary_alone() -> Rows:
    return [*unit("x", 11, "sales"), ["secretary", "desk", "staff", "x", "employee"]]


STRUCTURES = (heads_alone, across_departments, leaders_outside_their_teams, nobody_leads, a_secretary_alone)
each_structure = pytest.mark.parametrize("rows", [rows() for rows in STRUCTURES], ids=[f.__name__ for f in STRUCTURES])


def written(folder: Path, rows: Rows, name: str = "persons.csv", separator: str = ",", header=HEADER) -> Path:
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines, delimiter=separator).writerows([header, *rows])
    return path


def read(persons: Path, ties: Path | None = None) -> Firm:
    return build(FirmOptions(kind="own", persons=str(persons), ties=ties and str(ties)), seed=1, replicate=0)


@each_structure
def test_a_structure_is_read_as_it_is_recorded(tmp_path, rows):
    firm = read(written(tmp_path, rows))
    assert sorted(np.bincount(firm.team)) == sorted(Counter(row[1] for row in rows).values())
    assert len(np.unique(firm.department)) == len({row[2] for row in rows})
    assert firm.is_manager.sum() == sum(r[4] == "manager" for r in rows)
    assert (firm.manager >= 0).sum() == sum(bool(row[3]) for row in rows)
    slot, place = np.nonzero(firm.ties.exists)
    ends = set(zip(place.tolist(), firm.ties.partner[slot, place].tolist(), strict=True))
    assert ends == {(there, here) for here, there in ends} and all(here != there for here, there in ends)


@each_structure
def test_the_order_of_the_lines_has_no_effect(tmp_path, rows):
    one, other = read(written(tmp_path, rows)), read(written(tmp_path, rows[::-1], "other.csv"))
    for part in ("identifier", "team", "department", "manager", "is_manager", "team_identifier"):
        np.testing.assert_array_equal(getattr(one, part), getattr(other, part))
    np.testing.assert_array_equal(one.ties.partner, other.ties.partner)


@pytest.mark.filterwarnings("error::RuntimeWarning")
@each_structure
def test_a_structure_can_be_simulated(tmp_path, measures, rows):
    firm = FirmOptions(kind="own", persons=str(written(tmp_path, rows)))
    record = run(Plan(measures, firm=firm, weeks=3, burn_in=1))
    assert np.isfinite(record.final["exhaustion"]).all()


def test_drawn_ties_of_a_team_across_departments_are_in_each_persons_own_department(tmp_path):
    """Half of team x belongs to another department than its team, and has partners from that department."""
    rows = unit("x", 30, "sales") + unit("y", 30, "care") + unit("z", 30, "care")
    for row in rows[1:16]:
        row[2] = "care"
    firm = read(written(tmp_path, rows))
    spanning = [team for team in range(3) if len(np.unique(firm.department[firm.team == team])) == 2]
    assert len(spanning) == 1
    care = firm.department[firm.team != spanning[0]][0]
    moved = (firm.team == spanning[0]) & (firm.department == care)
    slot, place = np.nonzero(firm.ties.exists & ~firm.ties.dormant & firm.ties.across & moved)
    assert moved.sum() == 15
    assert (firm.department[firm.ties.partner[slot, place]] == care).sum() >= 15, "two are sought for each in care"


# -- what is refused -------------------------------------------------------------------------------------------------


def changed(cell: tuple[int, str], text: str) -> Rows:
    rows = unit("x", 6, "sales") + unit("y", 6, "care", "x")
    rows[cell[0]][HEADER.index(cell[1])] = text
    return rows


@pytest.mark.parametrize(
    ("cell", "text", "message"),
    [
        ((3, "id"), "X-1", "This id differs from an earlier one only in capitals"),
        ((3, "team"), "Team x", "This team differs from an earlier one only in capitals"),
        ((3, "team"), "team  x", "This team differs from an earlier one only in capitals"),
        ((3, "department"), "SALES", "This department differs from an earlier one only in capitals"),
        ((3, "id"), "x-1", "This id occurs on an earlier line"),
        ((3, "manager"), "x.0", "Unknown manager. Use an id of this file"),
        ((3, "manager"), "0x", "Unknown manager. Use an id of this file"),
        ((3, "manager"), "x-1", "has the role employee"),
        ((3, "department"), "", "Missing value for department"),
        ((3, "role"), "leider", "Unknown role"),
        ((3, "team"), "one\ntwo", "line break"),
        ((3, "id"), "a\tb", "control character"),
    ],
)
def test_an_ambiguous_or_invalid_cell_is_refused_in_one_line(tmp_path, cell, text, message):
    with pytest.raises(UserError, match=message) as refused:
        read(written(tmp_path, changed(cell, text)))
    assert "\n" not in str(refused.value) and repr(text) not in str(refused.value)


def test_an_establishment_with_fewer_than_ten_persons_is_refused(tmp_path):
    rows = [[*row, "Utrecht"] for row in unit("x", 11, "sales")] + [[*row, "Zwolle"] for row in unit("y", 3, "care")]
    with pytest.raises(UserError, match="line 14: This establishment has fewer than 10 persons"):
        read(written(tmp_path, rows, header=[*HEADER, "establishment"]))


@pytest.mark.parametrize("text", ["1,000", "1_0", "inf", "nan", "0x1", "ja", "2019-01-01", "", "1.2.3", "1 0"])
def test_an_invalid_number_is_refused(tmp_path, text):
    rows = [[*row, text if place == 2 else "2"] for place, row in enumerate(changed((3, "role"), "employee"))]
    with pytest.raises(UserError, match=r"line 4: Invalid value for tenure_years. Use a number from 0 to 60"):
        read(written(tmp_path, rows, header=[*HEADER, "tenure_years"]))


@pytest.mark.parametrize(("text", "value"), [("1.5", 1.5), ("1,5", 1.5), ("2", 2.0), ("0,125", 0.125), ("1e1", 10.0)])
@pytest.mark.parametrize("separator", [",", ";"])
def test_numbers_may_have_a_decimal_point_or_comma(tmp_path, text, value, separator):
    rows = [[*row, text] for row in changed((3, "role"), "employee")]
    firm = read(written(tmp_path, rows, separator=separator, header=[*HEADER, "tenure_years"]))
    assert (firm.circumstances["tenure_years"] == np.float32(value)).all()


def test_spaces_around_cells_and_blank_lines_have_no_effect(tmp_path):
    rows = unit("x", 6, "sales") + unit("y", 6, "care", "x")
    spaced = [[f" {cell} " for cell in row] for row in rows]
    spaced.insert(3, ["", "", "", "", ""])
    one, other = read(written(tmp_path, rows)), read(written(tmp_path, spaced, "other.csv", ";"))
    np.testing.assert_array_equal(one.identifier, other.identifier)
    np.testing.assert_array_equal(one.ties.partner, other.ties.partner)


def test_ids_are_texts_so_leading_zeros_count(tmp_path):
    rows = unit("x", 9, "sales") + [[name, "team x", "sales", "x", "employee"] for name in ("7", "007")]
    assert len(read(written(tmp_path, rows)).identifier) == 12


def test_a_tie_may_have_another_strength_in_the_other_direction(tmp_path):
    persons = written(tmp_path, unit("x", 6, "sales") + unit("y", 6, "care", "x"))
    pairs = [["x-1", "y-1", "0,25"], ["y-1", "x-1", "0,75"]]
    firm = read(persons, written(tmp_path, pairs, "ties.csv", ";", ["from", "to", "strength"]))
    assert sorted(firm.ties.reported_strength[np.isfinite(firm.ties.reported_strength)].tolist()) == [0.25, 0.75]


def test_names_are_compared_without_case_spaces_and_unicode_variants():
    assert csv_text.plain_name(" Zoë  Ⅷ ") == csv_text.plain_name("zoe\N{COMBINING DIAERESIS} viii")
    assert csv_text.plain_name("007") != csv_text.plain_name("7")
