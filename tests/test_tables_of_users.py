"""Tables that users read and write: Dutch spreadsheets, blanks, and cells that look like a blank or a number."""

from __future__ import annotations

import pytest

from sim.__main__ import main
from sim.errors import UserError
from sim.experiments.designs import Settings, factors_asked, make, read
from sim.experiments.factors import choose
from sim.experiments.results import write_frame

ENGLISH = "row,mechanisms.recovery.demands_hold,availability,weeks\n0,0.25,always_on,4\n1,,practice_2022,\n2,0.3,,8\n"
ROWS = [
    {"mechanisms.recovery.demands_hold": 0.25, "availability": "always_on", "weeks": 4},
    {"availability": "practice_2022"},
    {"mechanisms.recovery.demands_hold": 0.3, "weeks": 8},
]


def dutch(text: str) -> str:
    return text.replace(",", ";").replace(".2", ",2").replace(".3", ",3")


def design(folder, text: str, encoding: str = "utf-8"):
    path = folder / "rows.csv"
    path.write_text(text, encoding=encoding)
    return Settings("file", file=str(path))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("style", [str, dutch])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_design_is_read_the_same_in_every_style_and_encoding(tmp_path, style, encoding, ending):
    assert make(design(tmp_path, style(ENGLISH).replace("\n", ending), encoding), ()).rows() == ROWS


@pytest.mark.parametrize("style", ["english", "dutch"])
def test_a_design_that_is_exported_is_read_again(tmp_path, style):
    path = tmp_path / "again.csv"
    table = read(design(tmp_path, ENGLISH).file)
    write_frame(table, path, dutch=style == "dutch")
    assert make(Settings("file", file=str(path)), ()).rows() == ROWS
    first = path.read_bytes()
    assert (b";" in first) == (b"0,25" in first) == (style == "dutch")


@pytest.mark.parametrize(
    "cell", ["NA", "N/A", "nan", "NaN", "NULL", "null", "None", "#N/A", "-", "inf", "1_0", "1,000.5"]
)
@pytest.mark.parametrize("factor", ["mechanisms.recovery.demands_hold", "availability"])
def test_only_an_empty_cell_is_blank(tmp_path, small_plan, factor, cell):
    """What else stands in a cell is a value, and refused in a line where it is none."""
    asked = design(tmp_path, f'{factor}\n"{cell}"\n')
    assert list(read(asked.file)[factor]) == [cell]
    with pytest.raises(UserError) as refused:
        choose(factors_asked(asked), small_plan)
    assert cell in str(refused.value) and factor in str(refused.value) and "\n" not in str(refused.value)


def test_a_row_of_blanks_is_the_setting_in_which_nothing_changes(tmp_path):
    assert make(design(tmp_path, "weeks,availability\n4,\n,\n\n"), ()).rows() == [{"weeks": 4}, {}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("weeks,seed\n4\n", "Line 2 has 1 values under 2 columns"),
        ("weeks;seed\n4;5;6\n", "Line 2 has 3 values under 2 columns"),
        ('weeks,seed\n4,"5\n6"\n', "line break"),
        ("weeks,weeks\n4,5\n", "needs its own name"),
    ],
)
def test_a_malformed_table_is_refused_in_one_line(tmp_path, text, message):
    with pytest.raises(UserError, match=message) as refused:
        read(design(tmp_path, text).file)
    assert "\n" not in str(refused.value)


def test_results_are_exported_for_dutch_spreadsheets(tmp_path, capsys):
    folder, out = tmp_path / "mine", tmp_path / "out.csv"
    own = "firm.employees=20 weeks=1 burn_in=0 engine=reference workers=1 design.n=2 scenario=right_to_disconnect"
    assert main(["sweep", *own.split(), f"folder={folder}"]) == 0
    assert main(["results", str(folder), "table=differences", f"export={out}", "csv=dutch"]) == 0
    head, first, *_ = out.read_text(encoding="utf-8-sig").splitlines()
    assert head.startswith("row;replicate;scenario;group;") and "." not in first and "," in first
    capsys.readouterr()
    assert main(["results", str(folder), "csv=german", "export=x.csv"]) == 2
    assert "Invalid value for csv: german. Use english or dutch." in capsys.readouterr().err
    assert main(["results", str(folder), "csv=dutch"]) == 2
    assert "export=" in capsys.readouterr().err


def test_a_missing_value_in_a_design_is_refused_in_one_line(tmp_path, capsys):
    file = design(tmp_path, "firm.team_size\nNA\n").file
    assert (
        main(["sweep", "firm=one", "design=file", f"design.file={file}", "workers=1", f"folder={tmp_path / 'x'}"]) == 2
    )
    (error,) = capsys.readouterr().err.splitlines()
    assert "NA" in error
