"""The documents that the code writes: they are up to date, complete and true of the code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import simulate
from jinja2 import meta

from sim.config import default_settings, plan_builder
from sim.data import rows
from sim.describe import command, equations, parameters
from sim.describe.command import DOCUMENTS, document, write
from sim.describe.sources import DATA_ROLES, belongs, citing
from sim.engine.plan import Plan, registry_of
from sim.errors import UserError
from sim.language.describe import ParameterRow
from sim.reporting.templates import environment

HOME = Path(__file__).resolve().parent.parent
LONGEST_MEANING = 80


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The main job, which the documents describe."""
    return plan_builder.plan()


@pytest.fixture(scope="module")
def entries(plan: Plan) -> list[ParameterRow]:
    return parameters.parameters(plan)


# -- up to date ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_up_to_date(plan, name):
    page = HOME / "docs" / name
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    assert document(name, plan) == text, f"docs/{name} is out of date; `hybridwork describe write=docs` rewrites it"


def test_the_command_writes_every_document_and_prints_its_path(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(command, "DOCUMENTS", ["one.md", "two.md"])
    monkeypatch.setattr(command, "document", lambda name, plan: f"{name}: {plan.weeks} weeks")
    assert command.main([f"write={tmp_path}", "weeks=7"]) == 0
    assert capsys.readouterr().out.split() == [str(tmp_path / name) for name in ("one.md", "two.md")]
    assert (tmp_path / "one.md").read_text() == "one.md: 7 weeks"


def test_documents_describe_the_given_plan(plan):
    changed = plan_builder.plan("mechanisms.recovery.night=0.21")
    assert "| 0.21 | 0.05 to 0.3 |" in document("parameters.md", changed)
    assert "| 0.21 | 0.05 to 0.3 |" not in document("parameters.md", plan)


def test_a_missing_folder_is_an_error(plan, tmp_path):
    with pytest.raises(UserError, match="Use a folder that exists"):
        write(plan, tmp_path / "nowhere")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_template_uses_every_value_and_no_other(plan, name):
    text = (HOME / f"sim/describe/pages/{name}.j2").read_text(encoding="utf-8")
    assert meta.find_undeclared_variables(environment().parse(text)) == set(DOCUMENTS[name](plan))


# -- parameters ------------------------------------------------------------------------------------------------------


def test_the_parameters_are_exactly_the_numbers_that_can_be_set(entries):
    known = default_settings.defaults()
    settable = {f"{top}.{name}" for top in known.keys() - {"mechanisms", "measures"} for name in known[top]}
    for top in ("mechanisms", "measures"):
        settable |= {f"{top}.{owner}.{name}" for owner, own in known[top].items() for name in own}
    assert {row.full_name for row in entries} == settable


def test_every_number_has_a_short_meaning_of_its_own_and_lies_within_its_range(entries):
    for row in entries:
        meaning = row.metadata.meaning
        assert 0 < len(meaning) <= LONGEST_MEANING and meaning == meaning.strip(" ."), row.full_name
        assert row.metadata.low <= row.value <= row.metadata.high, row.full_name
        alike = [one.name for one in entries if one.owner == row.owner and one.metadata.meaning == meaning]
        assert alike == [row.name], f"{row.owner}: {', '.join(alike)} mean the same"


def test_every_grade_is_explained(entries):
    assert {row.metadata.grade for row in entries} == set(parameters.GRADES)


def test_patterns_in_mind_are_those_that_a_parameter_a_measure_or_an_amount_cites():
    written = parameters.written_with()
    assert "mechanisms.isolation.recognised" in written["known_conversations_isolation"]
    assert "measures.social_moments.moments_with_team" in written["known_social_isolation"]
    assert "measures.day_starts" in written["known_social_isolation"]
    assert parameters.patterns_in_mind() == set(written) < {row["id"] for row in rows("patterns")}
    assert "home_share_isolation" not in parameters.patterns_in_mind()


# -- equations and states --------------------------------------------------------------------------------------------


def test_the_formula_of_an_equation_has_no_docstring(plan):
    recovery = registry_of(plan).mechanisms["recovery"]
    assert equations.formula(recovery.strain_of_fatigue) == "return self.fatigue_strains * unrecovered"
    for own in registry_of(plan).mechanisms.values():
        for name, method in own.equations().items():
            assert '"""' not in equations.formula(method), name
            assert equations.formula(method).splitlines()[-1].startswith("return "), name


@pytest.mark.slow
def test_states_stay_within_their_documented_ranges(small_plan):
    engine = simulate(small_plan, days=28)
    for name in (*engine.registry.traits, *engine.registry.night):
        span = equations.range_of(engine.registry, engine.registry.quantities[name])
        low, high = _ends(span)
        values = engine.values[name]
        slack = 1.5 if span.startswith("about") else 1e-6
        assert low - slack <= np.min(values) and np.max(values) <= high + slack, f"{name}: {span}"


def _ends(span: str) -> tuple[float, float]:
    low, _, high = span.removeprefix("about ").replace("−", "-").replace(" or ", " to ").partition(" to ")
    return float(low), float("inf") if high == "more" else float(high)


# -- data sets -------------------------------------------------------------------------------------------------------


def test_every_row_of_every_data_file_belongs_to_exactly_one_data_set(entries):
    cited = frozenset(citing(entries))
    sets = rows("data_sets")
    for path in [one for one in sorted((HOME / "sim/data").iterdir()) if one.suffix in (".csv", ".npy")]:
        parts = [one["part"] for one in sets if one["file"] == f"sim/data/{path.name}"]
        assert parts, f"sim/data/data_sets.csv does not name {path.name}: say what it holds, its source and its role"
        for row in rows(path.stem) if path.suffix == ".csv" else ():
            owners = [part for part in parts if belongs(row, part, cited)]
            assert len(owners) == 1, f"{path.name}, {next(iter(row.values()))}: in {len(owners)} data sets"


def test_every_data_set_has_a_known_role_and_all_columns():
    for one in rows("data_sets"):
        assert one["role"] in DATA_ROLES, one["data_set"]
        assert (HOME / one["file"]).exists(), one["file"]
        assert all(one[name] for name in ("holds", "source", "why", "how")), one["data_set"]


def test_validation_data_are_used_for_no_parameter(entries):
    """No row that a number rests on, or is fitted to, is in a data set for validation."""
    cited = frozenset(citing(entries))
    for data_set in [one for one in rows("data_sets") if one["role"] == "validation"]:
        table = Path(data_set["file"]).stem
        held_out = [row for row in rows(table) if belongs(row, data_set["part"], cited)]
        assert held_out
        prefix = {"effects": "", "targets": "target:"}.get(table)
        if prefix is not None:
            assert not cited & {f"{prefix}{row['id']}" for row in held_out}
