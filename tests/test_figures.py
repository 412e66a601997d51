"""Figures state what they show, units and intervals, and nothing on them covers a word."""

import warnings
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.path import Path
from matplotlib.text import Annotation, Text

from sim.errors import UserError
from sim.plotting import figures
from sim.plotting.figures import burn_out_against_isolation, cascade, effects, ties, trajectories, who_gains
from sim.plotting.style import GREY

POLICIES = {
    "reachability_agreements": (-4.0, 0.01),
    "right_to_disconnect": (-5.0, 0.02),
    "weekly_social_moments": (-3.0, -0.08),
    "coffee_with_a_random_colleague": (-2.5, -0.06),
    "full_ergonomics": (-0.2, 0.0),
    "whole_package": (-22.0, -0.20),
}
WORLDS = {"always_on": (45.0, 0.03), "fully_at_home": (-3.0, 0.35)}
KINDS = {"baseline": "baseline"} | dict.fromkeys(POLICIES, "policy") | dict.fromkeys(WORLDS, "counterfactual")
OUTCOMES = (("burn_out_complaints", 169.0, 2.0, "per 1,000 employees"), ("isolation_from_colleagues", 0.0, 0.02, "SD"))
GROUPS = ("everybody", "users", "young", "lives_alone")
MEASURES = ("chair_and_desk", "reachability_agreements", "social_moments")
FOOTER = "seed 7 · version 0.1.0"


def label(scenario):
    return scenario.replace("_", " ").capitalize()


def effects_table():
    moves = POLICIES | WORLDS | {"baseline": (0.0, 0.0)}
    return pd.DataFrame(
        {
            "scenario": scenario, "kind": kind, "outcome": outcome, "group": group, "baseline": level,
            "difference": move * weight, "low": (move - 2 * error) * weight,
            "high": (move + 2 * error) * weight, "replicates": 30, "unit": unit,
        }
        for scenario, kind in KINDS.items()
        for (outcome, level, error, unit), move in zip(OUTCOMES, moves[scenario], strict=True)
        for group, weight in (("everybody", 1.0), ("users", 2.0))
        if group == "everybody" or kind == "policy"
    )  # fmt: skip


def trajectories_table():
    table = effects_table()
    rows = table[table["group"] == "everybody"].to_dict("records")
    growth = np.linspace(0, 1, 9)
    return pd.DataFrame(
        row | {
            "week": 13 * place, "date": pd.Timestamp("2023-01-02") + pd.Timedelta(weeks=13 * place),
            "mean": row["baseline"] + grown * row["difference"], "difference": grown * row["difference"],
            "difference_low": grown * row["low"], "difference_high": grown * row["high"],
        }
        for row in rows
        for place, grown in enumerate(growth)
    )  # fmt: skip


def cascade_table():
    shares = dict(zip(cascade.PLOTTED_STAGES, (0.8, 0.7, 0.5, 0.3, 0.1), strict=True))
    observed = {("employer", "claimed"): 0.82, ("manager", "known"): 0.52, ("non_manager", "known"): 0.31}
    return pd.DataFrame(
        {
            "scenario": "baseline", "measure": measure, "role": role, "stage": stage, "share": share,
            "study_share": observed.get((role, stage), np.nan), "low": share - 0.02, "high": share + 0.02,
        }
        for measure in MEASURES
        for role in cascade.ROLE_TITLES
        for stage, share in shares.items()
    )  # fmt: skip


def gains_table():
    return pd.DataFrame(
        {
            "scenario": scenario, "kind": kind, "outcome": "exhaustion", "group": group,
            "gained": 0.2, "unchanged": 0.7, "worse": 0.1, "margin": 0.2, "unit": "SD",
        }
        for scenario, kind in KINDS.items()
        for group in GROUPS
        if kind != "baseline"
    )  # fmt: skip


def ties_tables():
    chance = np.random.default_rng(0)
    team = np.arange(24) // 8
    pairs = [pair for pair in combinations(range(24), 2) if team[pair[0]] == team[pair[1]] or chance.random() < 0.05]
    after = {"baseline": 0.6, "coffee_with_a_random_colleague": 1.2}
    strengths = pd.DataFrame(
        {
            "scenario": scenario, "source": one, "target": other, "source_team": team[one],
            "target_team": team[other], "across": team[one] != team[other],
            "before": 0.5, "after": 0.5 * (kept if team[one] != team[other] else 1),
        }
        for scenario, kept in after.items()
        for one, other in pairs
    )  # fmt: skip
    people = pd.DataFrame(
        {
            "scenario": scenario, "place": place, "team": team[place], "is_manager": place % 8 == 0,
            "isolation_before": np.sin(place), "isolation_after": np.sin(place) - kept / 10,
        }
        for scenario, kept in after.items()
        for place in range(24)
    )  # fmt: skip
    return strengths, people


@pytest.fixture(scope="module")
def tables():
    strengths, people = ties_tables()
    return {
        "effects": effects_table(), "trajectories": trajectories_table(), "cascade": cascade_table(),
        "gains": gains_table(), "ties": strengths, "people": people,
    }  # fmt: skip


@pytest.fixture(scope="module")
def drawn(tables):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pages = {
            "effects": effects.draw(tables["effects"], footer=FOOTER),
            "burn_out_against_isolation": burn_out_against_isolation.draw(tables["effects"], footer=FOOTER),
            "trajectories": trajectories.draw(tables["trajectories"], footer=FOOTER),
            "worlds": trajectories.draw(tables["trajectories"], footer=FOOTER, kind="counterfactual"),
            "cascade": cascade.draw(tables["cascade"], footer=FOOTER),
            "who_gains": who_gains.draw(tables["gains"], "exhaustion", footer=FOOTER),
            "ties": ties.draw(tables["ties"], tables["people"], "coffee_with_a_random_colleague", footer=FOOTER),
        }
        for page in pages.values():
            page.draw_without_rendering()
    return pages


PAGES = ("effects", "burn_out_against_isolation", "trajectories", "worlds", "cascade", "who_gains", "ties")


def is_visible(text):
    """Return whether a text is in the figure: matplotlib keeps ticks beyond the limits that it never draws."""
    return bool(text.get_visible() and text.get_text().strip()) and box_of(text).width > 0


def box_of(text):
    """Return the box of the words; the extent of an annotation would include its line."""
    return Text.get_window_extent(text)


def visible_texts(page):
    ticks = {id(tick_text) for axes in page.axes for tick_text in all_tick_texts(axes)}
    free = [text for text in page.findobj(Text) if id(text) not in ticks]
    return [text for text in [*free, *(text for axes in page.axes for text in drawn_ticks(axes))] if is_visible(text)]


def all_tick_texts(axes):
    for axis in (axes.xaxis, axes.yaxis):
        for tick in axis.get_major_ticks() + axis.get_minor_ticks():
            yield from (tick.label1, tick.label2)


def drawn_ticks(axes):
    for axis in (axes.xaxis, axes.yaxis):
        if axes.axison:
            low, high = sorted(axis.get_view_interval())
            yield from (tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high)


def drawn_page(page):
    """Return a page after its layout, with nothing covered."""
    page.draw_without_rendering()
    assert_nothing_is_covered(page)
    return page


def words(page):
    return " ".join(" ".join(text.get_text().split()) for text in visible_texts(page))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_title_footer_and_panels(drawn, name):
    page = drawn[name]
    assert page.axes
    assert FOOTER in words(page)
    title = page.texts[0]
    assert title.get_weight() == "bold"
    assert len(title.get_text().split()) >= 5


@pytest.mark.parametrize("name", PAGES)
def test_nothing_covers_a_text_or_leaves_the_page(drawn, name):
    assert_nothing_is_covered(drawn[name])


def assert_nothing_is_covered(page):
    boxes = [(text.get_text(), box_of(text)) for text in visible_texts(page)]
    paper = page.bbox.padded(1)
    for text, box in boxes:
        assert paper.count_contains(box.corners()) == 4, text
    for (text, box), (other, other_box) in combinations(boxes, 2):
        assert not box.padded(-1.5).overlaps(other_box.padded(-1.5)), f"{text!r} and {other!r}"


@pytest.mark.parametrize("name", PAGES)
def test_letters_are_at_least_eight_points(drawn, name):
    assert drawn[name].get_figwidth() <= 7.0
    assert min(text.get_fontsize() for text in visible_texts(drawn[name])) >= 8


@pytest.mark.parametrize(("name", "scenarios"), [
    ("effects", [*POLICIES, *WORLDS]),
    ("burn_out_against_isolation", [*POLICIES, *WORLDS]),
    ("trajectories", POLICIES),
    ("worlds", WORLDS),
    ("who_gains", POLICIES),
])  # fmt: skip
def test_every_scenario_is_on_the_page(drawn, name, scenarios):
    for scenario in scenarios:
        assert label(scenario) in words(drawn[name])


@pytest.mark.parametrize("name", ["effects", "trajectories", "worlds", "burn_out_against_isolation"])
def test_units_replicates_and_the_meaning_of_the_band_are_stated(drawn, name):
    for phrase in ("per 1,000 employees", "SD", "30 pairs of runs", "95% interval: chance only"):
        assert phrase in words(drawn[name])


def test_what_if_worlds_have_panels_of_their_own(drawn):
    policies, _, worlds, _ = drawn["effects"].axes
    assert "Always on" not in [text.get_text() for text in policies.get_yticklabels()]
    assert [text.get_text() for text in worlds.get_yticklabels()] == ["Always on", "Fully at home"]
    assert "not options" in worlds.get_title(loc="left")


def test_policies_keep_the_order_given(drawn):
    names = [" ".join(text.get_text().split()) for text in drawn["effects"].axes[0].get_yticklabels()]
    assert names == [label(policy) for policy in POLICIES]


def dots_in(axes):
    """Value, colour and fill of every dot."""
    lines = [line for line in axes.lines if line.get_marker() in ("o", "D")]
    return [(x, line.get_color(), line.get_markerfacecolor()) for line in lines for x in line.get_xdata()]


def test_users_are_hollow_and_everybody_filled(drawn):
    dots = dots_in(drawn["effects"].axes[0])
    hollow = [fill for *_, fill in dots if fill == "white"]
    assert len(hollow) == len(dots) / 2 == len(POLICIES)


def test_an_interval_that_includes_zero_is_grey(drawn):
    grey = {value for value, color, _ in dots_in(drawn["effects"].axes[0]) if color == GREY}
    assert grey == {-4.0 * 1, -4.0 * 2, -3.0, -6.0, -2.5, -5.0, -0.2, -0.4}


def test_a_share_far_from_the_study_is_marked(drawn):
    employers, managers, employees, _ = drawn["cascade"].axes
    marks = [[text.get_text() for text in axes.texts] for axes in (employers, managers, employees)]
    assert marks == [[], [], ["+19"] * len(MEASURES)]


def test_stages_are_named_upright(drawn):
    names = drawn["cascade"].axes[-1].get_xticklabels()
    assert [name.get_text() for name in names] == ["claimed", "implemented", "known", "used", "used well"]
    assert {name.get_rotation() for name in names} == {0.0}


def test_the_cascade_shows_each_share_in_percent(drawn):
    texts = [text.get_text() for text in drawn["cascade"].axes[-1].texts]
    assert texts == ["80%", "70%", "50%", "30%", "10%"] * len(MEASURES)


def test_a_measure_has_its_own_wording_though_a_scenario_has_its_id(tables):
    labels = {"reachability_agreements": "A policy", "baseline": "Practice"}
    wordings = {"reachability_agreements": "Agreements on reachability (availability) have been made in each team"}
    page = drawn_page(cascade.draw(tables["cascade"], labels, wordings=wordings))
    assert wordings["reachability_agreements"] in words(page)
    assert "A policy" not in words(page)


@pytest.mark.parametrize("most", [0.004, 0.03, 0.21, 0.9])
def test_shares_of_people_have_three_different_ticks_and_a_least_reach(tables, most):
    page = drawn_page(who_gains.draw(tables["gains"].assign(gained=most, worse=most / 3), "exhaustion"))
    axes = page.axes[0]
    left, zero, right = (text.get_text() for text in axes.get_xticklabels())
    assert left == right != zero == "0%"
    assert axes.get_xlim()[1] >= max(0.05, most)


def test_a_policy_without_gains_has_a_note(tables):
    gains = tables["gains"]
    gained = gains["scenario"].map({"full_ergonomics": 0.0, "weekly_social_moments": 0.003}).fillna(0.2)
    page = who_gains.draw(gains.assign(gained=gained, worse=0.0), "exhaustion")
    notes = {" ".join(text.get_text().split()) for axes in page.axes for text in axes.texts}
    assert notes == {"nobody by more than 0.2 SD", "hardly anybody by more than 0.2 SD"}


def test_a_label_that_is_too_long_for_its_column_is_wrapped(tables):
    gains = tables["gains"].replace(
        {"group": {"young": "other_care", "lives_alone": "a_group_with_a_name_of_many_words"}}
    )
    page = drawn_page(who_gains.draw(gains, "exhaustion"))
    assert "Other care duties *" in words(page) and "*: not used in the model" in words(page)


def test_a_group_below_ten_people_is_not_shown(tables):
    counted = tables["gains"].assign(people=np.where(tables["gains"]["group"] == "young", 9, 10))
    page = drawn_page(who_gains.draw(counted, "exhaustion"))
    assert "Young" not in words(page)
    assert "Lives alone" in words(page)


def test_people_have_the_same_place_in_all_three_panels(drawn):
    before, today, after, _ = drawn["ties"].axes[:4]
    spots = [np.vstack([dots.get_offsets() for dots in axes.collections[-2:]]) for axes in (before, today, after)]
    assert np.array_equal(spots[0], spots[1])
    assert np.array_equal(spots[0], spots[2])


def crowded_effects(count, spread):
    """Many policies at nearly the same place, one far off that sets the scale, and a what-if scenario."""
    chance = np.random.default_rng(3)
    moves = {f"policy_{place}_of_the_crowd": chance.normal(size=2) * spread for place in range(count)}
    moves |= {"far_away": np.array([-12.0, -0.08]), "always_on": np.array([40.0, 0.02])}
    return pd.DataFrame(
        {
            "scenario": scenario, "kind": "counterfactual" if scenario == "always_on" else "policy",
            "outcome": outcome, "group": "everybody", "baseline": level, "difference": move,
            "low": move - error / 10, "high": move + error / 10, "replicates": 3, "unit": unit,
        }
        for scenario, both in moves.items()
        for (outcome, level, error, unit), move in zip(OUTCOMES, both, strict=True)
    )  # fmt: skip


@pytest.mark.parametrize(("count", "spread"), [(10, (0.8, 0.003)), (10, (0.0, 0.0)), (24, (0.1, 0.01))])
def test_names_of_crowded_dots_stay_legible_and_their_lines_never_cross(count, spread):
    page = drawn_page(burn_out_against_isolation.draw(crowded_effects(count, np.array(spread))))
    names = [text for text in page.axes[0].texts if isinstance(text, Annotation)]
    assert len(names) == count + 1
    lines = [line_of(name) for name in names if name.arrow_patch]
    assert len(lines) >= count - 4
    for one, other in combinations(lines, 2):
        assert not nearly_without_ends(one).intersects_path(nearly_without_ends(other))
    for line, text in product(lines, page.axes[0].texts):
        assert not nearly_without_ends(line).intersects_bbox(box_of(text), filled=False), text


def line_of(name):
    return np.array([name.axes.transData.transform(name.xy), line_end(name)])


def line_end(name):
    """Where a name's line reaches it: the middle of its left side in the column, else the near corner."""
    box = box_of(name)
    across, upwards = name.arrowprops["relpos"] if name.arrowprops else (0, 0)
    return box.x0 + across * box.width, box.y0 + upwards * box.height


def nearly_without_ends(line):
    """Lines of dots at one place meet there, and each touches its own name."""
    return Path(line[0] + np.outer([0.03, 0.98], line[1] - line[0]))


def test_long_names_cover_nothing(tables):
    long = {"right_to_disconnect": "The right not to be reachable in the evening, at night and at weekends"}
    for page in (
        effects.draw(tables["effects"], long),
        burn_out_against_isolation.draw(tables["effects"], long),
        trajectories.draw(tables["trajectories"], long),
        who_gains.draw(tables["gains"], "exhaustion", long),
    ):
        assert long["right_to_disconnect"] in words(drawn_page(page))


def test_a_missing_line_is_explained(drawn):
    assert "where no line shows, the interval is narrower than the dot" in words(drawn["effects"])


def of_one_run(table):
    ends = [end for end in ("low", "high", "difference_low", "difference_high") if end in table]
    return table.assign(**dict.fromkeys(ends, np.nan), replicates=1)


def test_figures_of_one_run_mention_no_interval_and_keep_their_colours(tables):
    lone = {name: of_one_run(tables[name]) for name in ("effects", "trajectories", "cascade")}
    pages = [
        effects.draw(lone["effects"]),
        burn_out_against_isolation.draw(lone["effects"]),
        trajectories.draw(lone["trajectories"]),
        cascade.draw(lone["cascade"]),
    ]
    for page in pages:
        page.draw_without_rendering()
        assert "1 pair of runs per scenario" in words(page) and "no interval" in words(page)
        for phrase in ("95%", "pairs", "are intervals", "includes zero"):
            assert phrase not in words(page)
    assert "of one run, so without intervals" in words(pages[0])
    dots = [dot for axes in pages[0].axes for dot in dots_in(axes)]
    assert dots and all(color != GREY for _, color, _ in dots)


def test_what_if_worlds_alone_have_titles_and_a_key_of_their_own(tables):
    worlds = tables["effects"][tables["effects"]["kind"] == "counterfactual"]
    pages = effects.draw(worlds), burn_out_against_isolation.draw(worlds)
    for page in pages:
        text = words(drawn_page(page))
        for phrase in ("olicies", "olicy", "users", "panel above"):
            assert phrase not in text
    titles = [axes.get_title(loc="left") for axes in pages[0].axes]
    assert titles[0].startswith("Burn-out complaints") and titles[1] == "Isolation from colleagues"


@pytest.mark.parametrize("move", [0.0, 1e-17, 5e-324])
def test_an_effect_of_zero_has_an_axis(tables, move):
    still = dict.fromkeys(("difference", "low", "high"), move)
    weekly = dict.fromkeys(("difference", "difference_low", "difference_high"), move)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pages = [
            effects.draw(tables["effects"].assign(**still)),
            burn_out_against_isolation.draw(tables["effects"].assign(**still)),
            trajectories.draw(tables["trajectories"].assign(**weekly)),
        ]
        for page in pages:
            page.draw_without_rendering()
    assert pages[0].axes[0].get_xlim() == (-0.55, 0.55)
    assert_nothing_is_covered(pages[0])


@pytest.mark.parametrize(
    ("weeks", "first", "last"), [(2, "2 Jan 2023", "9 Jan 2023"), (8, "2 Jan 2023", "20 Feb 2023")]
)
def test_a_few_weeks_are_marked_by_the_day(tables, weeks, first, last):
    table = tables["trajectories"]
    start = table["date"].min()
    table = table[table["week"] < 13 * weeks].assign(date=lambda t: start + pd.to_timedelta(t["week"] // 13, "W"))
    page = drawn_page(trajectories.draw(table))
    assert [" ".join(text.get_text().split()) for text in page.axes[-1].get_xticklabels()] == [first, last]


def test_empty_figures_are_not_drawn(tables, tmp_path):
    first_week = tables["trajectories"][tables["trajectories"]["week"] == 0]
    employers = tables["cascade"][tables["cascade"]["role"] == "employer"]
    nothing = {name: tables[name].iloc[:0] for name in ("effects", "gains", "ties")}
    tables = nothing | {"trajectories": first_week, "cascade": employers, "people": tables["people"]}
    assert figures.draw_all(tables, tmp_path, FOOTER) == []


def test_a_role_left_out_of_the_cascade_has_a_note(tables):
    page = drawn_page(cascade.draw(tables["cascade"][tables["cascade"]["role"] != "manager"]))
    assert "Managers: fewer than ten" in words(page)


@pytest.mark.parametrize(("simulated", "study"), [(1.0, 0.76), (0.5, 1.0), (0.0, 1.0)])
def test_a_difference_in_the_cascade_stands_clear_of_the_dots(tables, simulated, study):
    table = tables["cascade"]
    study_share = table["study_share"].where(table["study_share"].isna(), study)
    page = drawn_page(cascade.draw(table.assign(share=simulated, study_share=study_share)))
    for axes in page.axes[:3]:
        end_of_scale = axes.transData.transform((100, 0))[0] + 3 * page.dpi / 72
        assert len(axes.texts) == len(MEASURES)
        assert all(box_of(text).x0 > end_of_scale for text in axes.texts)


def test_the_title_of_a_single_wide_panel_stands_on_one_line(tables):
    name = {"whole_package": "Agreements on evenings, social moments, ergonomics and trained managers"}
    gains = tables["gains"]
    weekly = tables["trajectories"]
    for page in (
        who_gains.draw(gains[gains["scenario"] == "whole_package"], "exhaustion", name),
        trajectories.draw(weekly[weekly["scenario"] == "whole_package"], name),
    ):
        assert drawn_page(page).axes[0].get_title(loc="left") == name["whole_package"]


def test_a_table_without_what_if_worlds_can_be_drawn(tables):
    policies = tables["effects"][tables["effects"]["kind"] != "counterfactual"]
    assert len(effects.draw(policies).axes) == 2
    assert len(burn_out_against_isolation.draw(policies).axes) == 1


def test_given_labels_are_used(tables):
    assert "Day and night" in words(drawn_page(effects.draw(tables["effects"], labels={"always_on": "Day and night"})))


def test_an_error_names_what_is_missing(tables):
    table = tables["effects"]
    for message, incomplete in (
        ("high", table.drop(columns="high")),
        ("burn_out_complaints", table[table["unit"] == "SD"]),
        ("no policy and no what-if scenario", table[table["kind"] == "baseline"]),
    ):
        with pytest.raises(UserError, match=message):
            effects.draw(incomplete)
    with pytest.raises(UserError, match="anchor_days"):
        ties.draw(tables["ties"], tables["people"], "anchor_days")
    with pytest.raises(UserError, match="detachment"):
        who_gains.draw(tables["gains"], "detachment")


def test_all_figures_are_written_whole_and_alone(tables, tmp_path):
    few = {name: tables[name] for name in ("effects", "cascade", "ties", "people")}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        paths = figures.draw_all(few, tmp_path / "new" / "folder", FOOTER)
    names = ["effects", "burn_out_against_isolation", "cascade", "ties_coffee_with_a_random_colleague"]
    assert [path.name for path in paths] == [f"{name}.{kind}" for name in names for kind in ("png", "svg")]
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == sorted(p.name for p in paths)
    assert all(path.stat().st_size > 1000 for path in paths)
    assert pyplot.get_fignums() == []


def test_the_same_figure_gives_the_same_bytes(tables, tmp_path):
    for name in ("one", "two"):
        figures.save(cascade.draw(tables["cascade"]), tmp_path / name)
    for kind in ("png", "svg"):
        assert (tmp_path / f"one.{kind}").read_bytes() == (tmp_path / f"two.{kind}").read_bytes()


def test_a_failed_write_leaves_the_old_file_and_no_rest(tables, tmp_path, monkeypatch):
    page = cascade.draw(tables["cascade"])
    (tmp_path / "cascade.png").write_text("old")
    monkeypatch.setattr(type(page), "savefig", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(UserError, match=r"cascade\.png cannot be written \(disk full\)"):
        figures.save(page, tmp_path / "cascade")
    assert [path.name for path in tmp_path.iterdir()] == ["cascade.png"]
    assert (tmp_path / "cascade.png").read_text() == "old"


def test_the_users_own_settings_are_left_alone(tables):
    before = pyplot.rcParams["font.size"]
    effects.draw(tables["effects"])
    assert pyplot.rcParams["font.size"] == before
