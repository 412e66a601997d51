"""Every mistake of a user gives one line that says what to do, and a terminal loses no results."""

from __future__ import annotations

import errno
import io
import os
import socket
import sys
from itertools import product

import pytest
from families import spread
from omegaconf import DictConfig

from sim.__main__ import main
from sim.config import posterior_draws, study_settings
from sim.config.composition import compose
from sim.config.error_messages import explain_error
from sim.config.hydra_command import command
from sim.config.plan_builder import plan
from sim.errors import UserError, one_line
from sim.experiments.factors import choose
from sim.levers.measure import FAMILIES
from sim.views.watch import command as watch

DEEP: list = []
for _ in range(3_000):
    DEEP = [DEEP]


def line_of(capsys: pytest.CaptureFixture[str]) -> str:
    (line,) = capsys.readouterr().err.splitlines()
    return line


def no_study(cfg: DictConfig) -> None:
    pytest.fail("a mistake is reported before any work")


# -- texts that need no quotes, and those that do ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["één", "persons (1).csv", "a=b", "R&D", "a: b & c", "~/my file.csv", "100%", "日本", "a\\"]
)
def test_a_plain_text_needs_no_quotes(text):
    assert compose(f"title={text}").title == text
    seen: list[DictConfig] = []
    assert command(seen.append, "a_study", [f"title={text}"]) == 0
    assert seen[0].title == text


def test_a_file_of_persons_with_blanks_and_brackets_is_taken_as_typed():
    with pytest.raises(UserError, match=r"^persons \(1\)\.csv cannot be read"):
        plan("firm=own", "firm.persons=persons (1).csv")


@pytest.mark.parametrize("text", ["R&D, one", "it's", "[draft", "é}", "two\nlines&"])
def test_a_text_that_needs_quotes_gives_a_line_that_says_how(text, capsys):
    assert command(no_study, "a_study", [f"title={text}"]) == 2
    assert """'title=\"""" in line_of(capsys)


def test_several_values_that_cannot_be_read_are_no_text(capsys):
    assert command(no_study, "a_study", ["-m", "title=R&D,HR"]) == 2
    assert "Unreadable setting" in line_of(capsys)


@pytest.mark.parametrize("flag", ["-p", "--package", "-c", "--cfg", "-i", "--info", "-cd", "--config-dir"])
@pytest.mark.parametrize("value", ["--resolve", "-1", "-", ""])
def test_a_flag_is_no_value_of_another_flag(flag, value, capsys):
    assert command(no_study, "a_study", ["--cfg=job", flag, value]) == 2
    assert f"Invalid value for {flag}: {value}" in line_of(capsys)


# -- values that no setting has ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["range(1,1e9)", "shuffle(range(0,1000000000))", "range(1,10,0)", "range(10,1)"])
@pytest.mark.parametrize("flags", [[], ["--multirun"]])
@pytest.mark.parametrize("name", ["seed", "ergonomics"])
def test_a_range_has_a_few_values(name, text, flags, capsys):
    """A range is written out before anything else is read."""
    assert command(no_study, "a_study", [f"{name}={text}", *flags]) == 2
    assert "Use a range of 1 to 10,000 values" in line_of(capsys)


NOT_NUMBERS = ("1e400", "-1e400", "nan", "inf", "-inf", "9" * 400, "9" * 30)
NUMBERS = ("seed", "weeks", "firm.team_size", "mechanisms.recovery.night", "measures.breaks.use", "survey.cut_off")


@pytest.mark.parametrize(("name", "value"), spread(product(NUMBERS, NOT_NUMBERS), 15))
def test_a_number_that_is_not_finite_or_too_large_is_refused_everywhere(name, value):
    with pytest.raises(UserError, match=f"Invalid value for {name}") as mistake:
        compose("firm=one", f"{name}={value}")
    assert len(str(mistake.value)) < 200


ODD = [
    {"weeks": 10**5_000}, {"title": DEEP}, {"title": {"a": DEEP}}, {"weeks": float("nan")}, {"title": "${nope}"},
    {"title": "a\0b"}, {"a b": 3}, {"": 3}, {"weeks": object()}, {"scenarios": [["breaks"]]},
    {"in_place": {"a": 1}, "firm": "one"}, {"social": [1, 2]},
]  # fmt: skip


@pytest.mark.parametrize("options", ODD, ids=range(12))
def test_odd_values_from_python_raise_a_user_error(options):
    with pytest.raises(UserError) as mistake:
        plan(**options)
    assert "\n" not in one_line(str(mistake.value))


@pytest.mark.parametrize("group", [*FAMILIES, "scenario", "fit", "experiment", "firm"])
@pytest.mark.parametrize("value", ["[1,2]", "[breaks]", "../fit/point", "a/b", "[[a]]"])
def test_a_group_takes_one_name(group, value):
    with pytest.raises(UserError, match=f"{group}: .* Use the name of one option|a hidden file"):
        compose(f"{group}={value}")


@pytest.mark.parametrize("options", [[["breaks"], []], [{"a": 1}], ["a", []]])
def test_lists_and_maps_are_no_options_of_a_factor(options):
    with pytest.raises(UserError, match="Invalid option for factor in_place"):
        choose({"in_place": options}, plan("firm=one"))


# -- what is printed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", ["\x1b[31m", "\x07", "\n", "\r", "\u2028", "\u202e", "\ud800", "\x9b", "\0"])
@pytest.mark.parametrize("name", ["scenarios", "results", "report", "watch", "explore", "describe", "\x1b"])
def test_control_characters_are_not_echoed(name, odd, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([name, f"port={odd}"]) == 2
    line = capsys.readouterr().err.removesuffix("\n")
    assert line.isprintable() and line.startswith("hybridwork: ")


def test_a_long_message_keeps_its_beginning_and_its_end():
    line = one_line("start " + "9" * 5_000 + " end")
    assert line.startswith("start 999") and line.endswith("999 end") and len(line) < 1_100


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1"])
@pytest.mark.parametrize(("text", "end"), [("Δ → één", "n"), ("−0.02 → 0.03", "-0.02 -> 0.03")])
def test_a_terminal_without_some_characters_shows_all_results_and_signs(text, end, encoding, monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    assert command(lambda cfg: print(text), "a_study", []) == 0
    sys.stdout.flush()
    assert written.getvalue().decode(encoding).rstrip().endswith(end)


# -- several jobs -----------------------------------------------------------------------------------------------------


def test_a_multirun_names_failed_jobs_and_gives_each_output_a_heading(capsys):
    def study(cfg: DictConfig) -> None:
        print(f"weeks are {study_settings.settings_of(cfg).weeks}")

    assert command(study, "a_study", ["-m", "weeks=5,x,7,-1", "seed=3"]) == 2
    output = capsys.readouterr()
    assert output.out.splitlines() == ["# weeks=5", "weeks are 5", "# weeks=7", "weeks are 7"]
    first, second = output.err.splitlines()
    assert first.startswith("hybridwork: weeks=x: ") and second.startswith("hybridwork: weeks=-1: ")


def test_the_heading_of_a_single_job_has_all_its_settings(capsys):
    assert command(lambda cfg: print("done"), "a_study", ["-m", "weeks=5"]) == 0
    assert capsys.readouterr().out == "# weeks=5\ndone\n"


# -- files and the machine --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(errno.errorcode))
@pytest.mark.parametrize("file", [None, "effects.parquet"])
def test_an_error_of_the_operating_system_is_reported_with_its_file(code, file):
    line = explain_error(OSError(code, os.strerror(code), *filter(None, [file])))
    assert line is not None and os.strerror(code) in line and (file or "A file") in line


@pytest.mark.parametrize(
    ("code", "advice"), [(errno.ENOSPC, "Free some space"), (errno.ENOLCK, "does not support locks")]
)
def test_a_full_disk_and_one_without_locks_give_advice(code, advice, capsys):
    def study(cfg: DictConfig) -> None:
        raise OSError(code, os.strerror(code))  # as matplotlib and filelock raise it, without the name of a file

    assert command(study, "a_study", []) == 2
    assert advice in line_of(capsys)


@pytest.mark.parametrize("content", ["[]", "3", "null", '"x"', "{}", "", "{"])
def test_a_posterior_with_invalid_metadata_is_refused(content, tmp_path):
    (tmp_path / posterior_draws.DRAWS).write_text("a\n1\n")
    (tmp_path / posterior_draws.METADATA).write_text(content)
    with pytest.raises(UserError, match="not as it was written"):
        posterior_draws.draws(tmp_path)


@pytest.mark.parametrize("value", ["*a", "&a 1", "[1,", "!x", "{a: 1}", "9" * 5_000, "x", "", "${nope}", "1: 2"])
def test_settings_of_the_live_view_are_not_read_as_yaml(value, capsys):
    assert main(["watch", f"port={value}"]) == 2
    assert "port" in line_of(capsys)


def test_the_settings_of_the_live_view_are_read():
    settings = watch.settings_of(["port=8800", "browser=false", "language=nl"])
    assert (settings.port, settings.browser, settings.language) == (8800, False, "nl")


@pytest.mark.parametrize("page", ["watch", "explore"])
@pytest.mark.parametrize("address", ["&x", "nowhere", "127.0.0.1.5", "http://127.0.0.1", "", "::g"])
def test_a_page_listens_at_a_numeric_address(page, address, capsys):
    assert main([page, f"address={address}"]) == 2
    assert "Invalid value for address" in line_of(capsys)


@pytest.mark.parametrize("page", ["watch", "explore"])
def test_a_port_in_use_is_reported_before_the_server_starts(page, capsys):
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert main([page, f"port={other.getsockname()[1]}", "browser=false"][: 3 if page == "watch" else 2]) == 2
    assert "Cannot listen on" in line_of(capsys)
