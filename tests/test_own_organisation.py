"""Files and counts of an own organisation: the firm built from them, and errors with their file and line."""

import csv
import dataclasses
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.engine.plan import create_engine
from sim.errors import UserError
from sim.world import organisation_table, own_organisation
from sim.world.establishments import build
from sim.world.firm import Firm, FirmOptions
from sim.world.organisation_table import CIRCUMSTANCES
from sim.world.own_organisation import read_own

HEADER = ["id", "team", "department", "manager", "role"]
TIES = ["from", "to", "strength"]


def assert_identical(first: Firm, second: Firm) -> None:
    for field in dataclasses.fields(Firm):
        if field.name != "ties":
            np.testing.assert_equal(getattr(first, field.name), getattr(second, field.name))
    for field in dataclasses.fields(first.ties):
        np.testing.assert_equal(getattr(first.ties, field.name), getattr(second.ties, field.name))


def assert_sound(firm: Firm) -> None:
    """Rows in order, lines and ties within establishments, ties mutual and never with oneself."""
    for index in (firm.team, firm.establishment):
        assert np.isin(np.diff(index, prepend=0), (0, 1)).all()
    assert len(np.unique(firm.identifier)) == len(firm.identifier)
    led = np.flatnonzero(firm.manager >= 0)
    assert (firm.establishment[firm.manager[led]] == firm.establishment[led]).all()
    slot, place = np.nonzero(firm.ties.exists)
    partner = firm.ties.partner[slot, place]
    assert (partner != place).all()
    assert (firm.establishment[partner] == firm.establishment[place]).all()
    ends = set(zip(place.tolist(), partner.tolist(), strict=True))
    assert len(ends) == len(place)
    assert ends == {(there, here) for here, there in ends}


def organisation(teams: int = 6, size: int = 6) -> list[list[str]]:
    """Rows of persons: a director who leads the first team and the managers of the others."""
    people = []
    for team in range(teams):
        for member in range(size):
            role = "employee" if member else "manager"
            manager = f"T{team}-0" if member else ("T0-0" if team else "")
            people.append([f"T{team}-{member}", f"team {team}", f"department {team // 3}", manager, role])
    return people


def written(folder, people, header=HEADER, name="persons.csv"):
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([header, *people])
    return path


def read(persons, ties=None):
    return read_own(persons, ties, seed=1, replicate=0, options=FirmOptions(kind="own", persons=str(persons)))


def with_column(title, values, people=None):
    """Return header and rows of persons with another column, which has one value or one per person."""
    people = people or organisation()
    values = [values] * len(people) if isinstance(values, str) else values
    return [*HEADER, title], [[*person, value] for person, value in zip(people, values, strict=True)]


def in_two_towns():
    """Return header and rows of two organisations with the same names of teams, each an establishment."""
    first = organisation(4)
    second = [[f"X{p[0]}", *p[1:3], p[3] and f"X{p[3]}", p[4]] for p in first]
    return with_column("establishment", ["Utrecht"] * 24 + ["Zwolle"] * 24, first + second)


def refusal(folder, people, header=HEADER) -> str:
    with pytest.raises(UserError) as refused:
        read(written(folder, people, header))
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_file_of_persons_becomes_a_sound_firm(tmp_path):
    path = written(tmp_path, organisation())
    firm = build(FirmOptions(kind="own", persons=str(path), sector="education"), seed=1, replicate=0)
    assert len(firm.identifier) == firm.size[0] == 36
    assert firm.size_class == ("small",)
    assert firm.sector == ("education",)
    assert len(firm.team_identifier) == 6
    assert firm.department[-1] == 1
    assert firm.is_manager.sum() == 6
    assert sorted(firm.span[firm.is_manager]) == [5, 5, 5, 5, 5, 10]
    assert (firm.weight == 1).all()
    assert firm.layers[0] == 1
    assert_sound(firm)


@given(st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_the_order_of_the_lines_changes_nothing(tmp_path_factory, shuffled: random.Random):
    folder = tmp_path_factory.mktemp("permuted")
    header, people = with_column("woman", [str(number % 2) for number in range(36)])
    pairs = [["T0-1", "T4-2", "0.5"], ["T4-2", "T0-1", "0.2"], ["T1-0", "T2-3", "1"]]

    def firms():
        persons, ties = written(folder, people, header), written(folder, pairs, TIES, "ties.csv")
        return read(persons), read(persons, ties)

    firsts = firms()
    shuffled.shuffle(people)
    shuffled.shuffle(pairs)
    for first, second in zip(firsts, firms(), strict=True):
        assert_identical(first, second)


def test_circumstances_follow_their_person(tmp_path):
    header, rows = with_column("tenure_years", [str(number) for number in range(36)])
    firm = read(written(tmp_path, rows, header))
    tenure = firm.circumstances["tenure_years"]
    assert tenure.dtype == np.float32
    np.testing.assert_array_equal(np.sort(tenure), np.arange(36))
    np.testing.assert_array_equal(np.sort(tenure[firm.is_manager]), np.arange(0, 36, 6))
    top = int(np.flatnonzero(firm.manager < 0)[0])
    assert tenure[top] == 0


def test_establishments_may_be_named_and_ties_stay_within_them(tmp_path):
    header, rows = in_two_towns()
    firm = read(written(tmp_path, rows, header))
    assert firm.size.tolist() == [24, 24]
    assert len(firm.team_identifier) == 8, "teams of the same name in two establishments are two"
    assert_sound(firm)


def test_semicolons_byte_order_marks_capitals_and_blank_lines_are_understood(tmp_path):
    plain = read(written(tmp_path, organisation()))
    text = "\n".join(";".join(row) for row in [HEADER, *organisation()]).replace("id;team", "ID; Team")
    path = tmp_path / "excel.csv"
    path.write_text("\ufeff" + text.replace(";employee", ";Employee") + "\n\n", encoding="utf-8")
    assert_identical(plain, read(path))


def test_no_id_is_stored(tmp_path):
    firm = read(written(tmp_path, organisation()))
    assert "T0-" not in repr({field.name: getattr(firm, field.name) for field in dataclasses.fields(firm)})
    assert firm.identifier.dtype == np.uint32


def test_colliding_identifiers_are_resolved_alike_in_any_order():
    code = np.array([5 << 33, (5 << 33) + 1, (5 << 33) + 2, 6 << 33, 1 << 33], np.uint64)
    identifier = own_organisation._identifiers(code)
    assert len(set(identifier.tolist())) == 5
    order = np.array([3, 1, 4, 0, 2])
    np.testing.assert_array_equal(own_organisation._identifiers(code[order]), identifier[order])


def test_a_large_team_and_a_large_span_stay_within_the_slots(tmp_path):
    people = [["boss", "all", "all", "", "manager"]]
    people += [[f"p{number}", "all", "all", "boss", "employee"] for number in range(400)]
    firm = read(written(tmp_path, people))
    assert firm.span.max() == 400
    assert firm.ties.partner.shape[0] <= own_organisation.MOST_TIES_EACH
    assert_sound(firm)


def test_a_file_of_ties_replaces_simulated_ones(tmp_path):
    persons = written(tmp_path, organisation())
    ties = written(tmp_path, [["T0-1", "T4-2", "0.5"], ["T4-2", "T0-1", "0.2"]], TIES, "ties.csv")
    firm = build(FirmOptions(kind="own", persons=str(persons), ties=str(ties)), seed=1, replicate=0)
    active = firm.ties.exists & ~firm.ties.dormant
    assert active.sum() == 2 * 35 + 2, "reporting lines and one tie, at both ends"
    assert firm.ties.dormant.any()
    given_strength = firm.ties.reported_strength[np.isfinite(firm.ties.reported_strength)]
    np.testing.assert_allclose(np.sort(given_strength), [0.2, 0.5])
    assert_sound(firm)


def test_ties_without_a_column_of_strength_have_none(tmp_path):
    ties = written(tmp_path, [["T0-1", "T4-2"]], TIES[:2], "ties.csv")
    assert read(written(tmp_path, organisation()), ties).ties.reported_strength is None


@pytest.mark.parametrize("title", [
    *("name", "Naam", "voornaam", "achternaam", "surname", "manager_name", "email", "e-mail", "BSN"),
    *("phone", "telefoon", "birth_date", "geboortedatum"),
    *("health", "gezondheid", "sick_days", "ziek", "verzuim", "diagnosis"),
])  # fmt: skip
def test_personal_columns_are_refused_by_name(tmp_path, title):
    header, people = with_column(title, "x")
    message = refusal(tmp_path, people, header)
    assert message.startswith(f"persons.csv line 1: Column '{title.lower()}' is refused")
    assert "Remove names" in message


def test_unknown_columns_are_refused(tmp_path):
    header, people = with_column("shoe_size", "44")
    message = refusal(tmp_path, people, header)
    assert "line 1: Unknown column 'shoe_size'" in message
    assert all(name in message for name in (*HEADER, "establishment", *CIRCUMSTANCES))


@pytest.mark.parametrize("title", HEADER)
def test_a_missing_column_is_named(tmp_path, title):
    at = HEADER.index(title)
    people = [[*person[:at], *person[at + 1 :]] for person in organisation()]
    message = refusal(tmp_path, people, [column for column in HEADER if column != title])
    assert message.startswith(f"persons.csv line 1: Missing column '{title}'")


@pytest.mark.parametrize(("header", "people", "message"), [
    (*with_column("team", "x"), "line 1: Duplicate column 'team'"),
    ([*HEADER, "young", "older"], [[*person, "1", "1"] for person in organisation()],
     "line 2: This person is both young and older"),
    (*with_column("establishment", ["Utrecht"] * 18 + ["Zwolle"] * 18),
     "line 20: The manager works in another establishment"),
    (HEADER, [[f"p{n}", "team", "all", f"p{n - 1}" if n else "", "manager"] for n in range(40)],
     "line 23: This person has more than 20 managers above."),
])  # fmt: skip
def test_invalid_combinations_are_refused(tmp_path, header, people, message):
    assert message in refusal(tmp_path, people, header)


def changed(line: int, **cells: str) -> list[list[str]]:
    """Return the organisation with cells changed on one line of its file, in which line 2 is the first person."""
    people = organisation()
    for title, text in cells.items():
        people[line - 2][HEADER.index(title)] = text
    return people


@pytest.mark.parametrize(("people", "message"), [
    (changed(9, id="T0-1"), "line 9: This id occurs on an earlier line."),
    (changed(9, id=""), "line 9: Missing value for id."),
    (changed(9, team=" "), "line 9: Missing value for team."),
    (changed(9, department=""), "line 9: Missing value for department."),
    (changed(9, role=""), "line 9: Missing value for role."),
    (changed(9, role="boss"), "line 9: Unknown role. Use one of manager, employee."),
    (changed(9, manager="nobody"), "line 9: Unknown manager. Use an id of this file"),
    (changed(9, manager="T1-2"), "line 9: The manager of this person has the role employee."),
    (changed(2, manager="T3-0"), "line 2: The reporting line is circular."),
    (changed(8, manager="T1-0"), "line 8: The reporting line is circular."),
    (changed(9, team="alone", manager=""), "line 9: This person has no team members, no manager and nobody to lead."),
    (changed(9, id="t0-1"), "line 9: This id differs from an earlier one only in capitals, spaces or accents"),
    (changed(9, team="Team 0"), "line 9: This team differs from an earlier one only in capitals"),
    (changed(9, department="department  0"), "line 9: This department differs from an earlier one only"),
    (changed(9, id="one\ntwo"), "is not a csv table (line 10 has a cell with a line break"),
    (organisation(1), "line 7: The file ends after 6 persons. Use 10 or more."),
    ([[*person, "x"] for person in organisation()], "line 2: 6 values under 5 columns"),
])  # fmt: skip
def test_errors_name_file_and_line(tmp_path, people, message):
    assert refusal(tmp_path, people).removeprefix("persons.csv").lstrip(": ").startswith(message)


def test_a_message_repeats_no_id(tmp_path):
    assert "secret" not in refusal(tmp_path, changed(9, manager="secret-4711"))


@pytest.mark.parametrize(("title", "value", "accepted"), [
    ("woman", "2", "0 or 1"),
    ("woman", "0.4", "0 or 1"),
    ("woman", "", "0 or 1"),
    ("contract_days", "6", "a number from 0.5 to 5 (days a week)"),
    ("commute_minutes", "-1", "a number from 0 to 240 (minutes one way)"),
    ("tenure_years", "long", "a number from 0 to 60 (years)"),
    ("tenure_years", "nan", "a number from 0 to 60 (years)"),
])  # fmt: skip
def test_an_invalid_value_is_refused_with_the_accepted_ones(tmp_path, title, value, accepted):
    header, people = with_column(title, "1")
    people[4][-1] = value
    message = refusal(tmp_path, people, header)
    assert message.startswith(f"persons.csv line 6: Invalid value for {title}. Use {accepted} ")


def test_too_many_rows_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(own_organisation, "PERSONS", dataclasses.replace(own_organisation.PERSONS, most_rows=20))
    assert refusal(tmp_path, organisation()) == "persons.csv line 22: Too many rows. Use 20 or fewer."


def test_files_that_cannot_be_read_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "persons.csv"
    path.write_bytes(b"id,team\xff\xfe\x00")
    for file, message in ((tmp_path / "nowhere.csv", "nowhere.csv cannot be read"), (tmp_path, "Is a directory"),
                          (path, "not text in UTF-8")):  # fmt: skip
        with pytest.raises(UserError, match=message):
            read(file)
    path.write_text(",".join(HEADER))
    monkeypatch.setattr(organisation_table, "MOST_BYTES", 10)
    with pytest.raises(UserError, match="is too large"):
        read(path)


CROWDED = [["T0-0", f"T{team}-{member}"] for team in range(1, 6) for member in range(6)]


@pytest.mark.parametrize(("header", "pairs", "message"), [
    (["from"], [["T0-1"]], "line 1: Missing column 'to'"),
    (["from", "to", "name"], [["T0-1", "T0-2", "x"]], "line 1: Column 'name' is refused"),
    (["from", "to"], [["T0-1", "T0-2"], ["T0-1", "nobody"]], "line 3: Unknown id under 'to'."),
    (["from", "to"], [["nobody", "T0-2"]], "line 2: Unknown id under 'from'. Use an id of the file of persons."),
    (["from", "to"], [["T0-1", "T0-1"]], "line 2: This tie has the same person at both ends."),
    (["from", "to"], [["T0-1", "T0-2"], ["T0-1", "T0-2"]], "line 3: This tie occurs on an earlier line."),
    (["from", "to", "strength"], [["T0-1", "T0-2", "1.5"]], "line 2: Invalid value for strength. Use a number"),
    (["from", "to"], CROWDED, "line 2: One of these persons has more than 24 ties."),
])  # fmt: skip
def test_errors_of_ties_name_file_and_line(tmp_path, header, pairs, message):
    persons = written(tmp_path, organisation())
    with pytest.raises(UserError) as refused:
        read(persons, written(tmp_path, pairs, header, "ties.csv"))
    assert str(refused.value).startswith(f"ties.csv {message}")


def test_a_tie_between_establishments_is_refused(tmp_path):
    header, rows = in_two_towns()
    with pytest.raises(UserError, match=r"ties.csv line 2: This tie is between two establishments"):
        read(written(tmp_path, rows, header), written(tmp_path, [["T0-1", "XT0-1"]], TIES[:2], "ties.csv"))


@pytest.mark.parametrize(("shares", "message"), [
    ({"woman": 1.2}, "Invalid value for firm.shares.woman: 1.2. Use a number from 0 to 1"),
    ({"woman": 40}, "firm.shares.woman: 40"),
    ({"woman": -0.1}, "firm.shares.woman: -0.1"),
    ({"woman": "half"}, "firm.shares.woman: half"),
    ({"tenure_years": 0.5}, "Unknown circumstance in firm.shares: tenure_years. Use one of young, older, woman"),
    ({"young": 0.6, "older": 0.6}, "firm.shares of young and older together: 1.2. Use 1 or less."),
    ({"lives_alone": 0.7, "children_at_home": 0.4}, "lives_alone and children_at_home together: 1.1"),
])  # fmt: skip
def test_counts_are_checked(shares, message):
    with pytest.raises(UserError, match=message):
        build(FirmOptions(kind="one", employees=100, shares=shares), 1, 0)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_share_who_may_work_from_home_holds_for_managers_too(share, small_plan):
    counted = FirmOptions(kind="one", employees=1000, shares={"may_work_from_home": share})
    engine = create_engine(dataclasses.replace(small_plan, firm=counted))
    assert engine.values["may_work_from_home"].mean() == pytest.approx(share, abs=0.05)
    managers = engine.values["is_manager"][0] > 0
    assert engine.values["may_work_from_home"][0][managers].mean() == pytest.approx(share, abs=0.15)


def test_a_file_without_a_header_is_refused_and_not_quoted(tmp_path):
    path = tmp_path / "persons.csv"
    path.write_text("1,Jan Jansen,jan@x.nl,,employee\n")
    with pytest.raises(UserError, match=r"line 1: Missing header. Begin with the columns id, team") as refused:
        read(path)
    assert "jansen" not in str(refused.value).lower()


def test_counts_make_a_firm_without_a_file():
    firm = build(FirmOptions(kind="one", employees=100, shares={"woman": 0.6, "young": 0.2}), 1, 0)
    assert len(firm.identifier) == 100
    assert firm.circumstances == {}
