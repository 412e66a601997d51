"""The results page and the README's caption have the numbers of `docs/results.json` and no others."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pandas as pd
import pytest

from sim.config import plan_builder
from sim.describe import command, results
from sim.errors import UserError
from sim.experiments import output_folder
from sim.files import write_json
from sim.reporting.labels import label_of
from sim.studies.scenarios import compare, facts, interval_type

HOME = Path(__file__).resolve().parent.parent
DOCS = HOME / "docs"


@pytest.fixture(scope="module")
def comparison(tmp_path_factory) -> Path:
    """The folder of a small comparison with every scenario that the page quotes."""
    folder = tmp_path_factory.mktemp("comparison")
    plans = plan_builder.plans(
        "firm.establishments=6", weeks=6, burn_in=2, replicates=2,
        scenarios=[
            "quiet_evenings", "anchor_days", "whole_package", "no_measures", "no_communication_loss", "fully_at_home",
        ],
    )  # fmt: skip
    records, tables = compare(plans, quiet=True)
    for name, table in tables.items():
        output_folder.write_table(table, folder / f"{name}.parquet")
    about = output_folder.about(plans[0]) | facts(plans[0], records, interval_type(plans))
    write_json(about, folder / "about.json")
    return folder


def test_the_results_page_and_the_caption_of_the_readme_follow_from_the_numbers():
    assert (DOCS / "results.md").read_text(encoding="utf-8") == results.page(DOCS)
    assert results.caption(DOCS) in (HOME / "README.md").read_text(encoding="utf-8")


def test_the_numbers_are_of_the_default_list_and_of_every_option():
    for part, plan in (("results", plan_builder.plan()), ("options", plan_builder.plan("experiment=every_option"))):
        known = json.loads((DOCS / results.FILE).read_text(encoding="utf-8"))[part]
        assert list(known["scenarios"]) == [scenario.name for scenario in plan.scenarios[1:]]
        assert known["about"]["replicates"] >= 40


def test_the_page_names_the_option_with_the_largest_mean_effect():
    options = json.loads((DOCS / results.FILE).read_text(encoding="utf-8"))["options"]
    largest = results.Comparison(options).by_effect()[0]
    assert label_of(largest) in results.caption(DOCS)
    default = {scenario.name for scenario in plan_builder.plan().scenarios}
    assert largest in default, "the default list leaves out the option with the largest effect"


def test_the_templates_hold_no_number_of_a_result():
    """What looks like a result, a decimal or a percentage, must come from the numbers' file."""
    for page in ("results", "caption"):
        text = (HOME / "sim/describe/pages" / f"{page}.md.j2").read_text(encoding="utf-8")
        allowed = {"0.5", "0.05", "0.01", "90%"}  # margins and the share that intervals hold, fixed beforehand
        assert set(re.findall(r"\d+\.\d+|\d+%", text)) <= allowed, page


def test_a_comparison_fills_the_page(comparison, tmp_path, capsys):
    words = [f"write={tmp_path}", f"results={comparison}", f"options={comparison}"]
    assert command.main(words) == 0
    text = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert results.Comparison(results.extract(comparison)).people("whole_package") in text
    assert str(tmp_path / "results.md") in capsys.readouterr().out


@pytest.mark.parametrize("word", ["results=", "options=", "page="])
def test_taking_numbers_needs_a_folder_to_write_to(word, comparison):
    with pytest.raises(UserError, match="write="):
        command.main([f"{word}{comparison}"])


def test_a_folder_without_a_comparison_or_numbers_is_an_error(tmp_path):
    with pytest.raises(UserError, match="no finished comparison"):
        results.extract(tmp_path)
    with pytest.raises(UserError, match="results="):
        results.page(tmp_path)


def test_a_policy_without_an_effect_has_its_reason_and_no_number(comparison, tmp_path):
    effects = pd.read_parquet(comparison / "effects.parquet")
    own = effects["scenario"] == "quiet_evenings"
    effects.loc[own, ["difference", "low", "high"]] = math.nan
    effects.loc[own, "reason"] = "already_in_place"
    for name in ("about.json", "counts.parquet", "gains.parquet", "cascade.parquet", "trajectories.parquet"):
        (tmp_path / name).write_bytes((comparison / name).read_bytes())
    effects.to_parquet(tmp_path / "effects.parquet")
    for part in ("results", "options"):
        results.update(tmp_path, part, tmp_path)
    [row, *_] = [line for line in results.page(tmp_path).splitlines() if line.startswith("| Quiet evenings")]
    assert row.split(" | ")[1] == "does not apply: already in place"
    assert "quiet_evenings" not in results.Comparison(results.extract(tmp_path)).single_policies()
