"""Downloads: the link, the command, tables, figures and the report, with their provenance."""

from __future__ import annotations

import io
import json
import shlex
import zipfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from sim.errors import required
from sim.experiments import output_folder
from sim.plotting import charts as pictures
from sim.views.explore.answer_view import replay
from sim.views.explore.cases import Answer
from sim.views.explore.labels import choice_id, combined, title, words_for
from sim.views.explore.rendering import WIDE, show
from sim.views.explore.scheduler import shared_scheduler
from sim.views.explore.selection import PolicySelection
from sim.views.report.folder import TABLES, Comparison
from sim.views.report.page import page
from sim.words import Words


def downloads(choices: Sequence[PolicySelection], words: Words) -> None:
    """Show the section at the end of an answer."""
    show("page", "section", words("explore.take.title"))
    left, right = st.columns(2)
    with left:
        link(choices[0], words)
    with right:
        st.markdown(words("explore.take.command"))
        st.code("\n".join(one.command(one.most_replicates) for one in choices), language=None, wrap_lines=True)
    with st.container(horizontal=True):
        name, zipped = words("explore.take.file"), "application/zip"
        for part, make, file, kind in (
            ("report", report, f"{name}.html", "text/html"),
            ("data", data, f"{name}.zip", zipped),
            ("figures", figures, f"{name}-{words.language}-svg.zip", zipped),
        ):
            st.download_button(
                words(f"explore.take.{part}"), partial(make, choices, words), file, kind, on_click="ignore"
            )
        if st.session_state.before is not None:
            st.button(words("explore.take.replay"), on_click=replay)


def link(choice: PolicySelection, words: Words) -> None:
    """Show the address that restores the whole choice."""
    address = str(st.context.url or "").partition("?")[0]
    st.markdown(words("explore.take.link"))
    st.code(f"{address}?{urlencode(choice.query)}", language=None, wrap_lines=True)
    st.caption(words("explore.take.link_text"))


def _answers(choices: Sequence[PolicySelection]) -> list[Answer]:
    """Return the answers with all their runs, as the command computes them."""
    return [shared_scheduler().answer(choice, choice.most_replicates, timeout=600.0) for choice in choices]


def about(choice: PolicySelection, answer: Answer) -> dict[str, Any]:
    """Return the provenance of an answer: versions, seed, settings, number of runs, and type of intervals."""
    plan, command = required(answer.plan, "the plan of an answer"), choice.command(answer.replicates)
    return output_folder.about(plan) | dict(answer.facts) | {"asked": shlex.split(command)[2:], "command": command}


def data(choices: Sequence[PolicySelection], words: Words) -> bytes:
    """Return all tables as CSV, with a file on their provenance."""
    answers = _answers(choices)
    files: dict[str, str] = {}
    for place, (choice, one) in enumerate(zip(choices, answers, strict=True)):
        tables = required(one.tables, "tables of an answer")
        folder = f"{choice_id(place)}/" if len(choices) > 1 else ""
        files |= {f"{folder}{name}.csv": table.to_csv(index=False) for name, table in tables.items()}
        origin = {"choice": title(choice, words), **about(choice, one)}
        files[f"{folder}about.json"] = json.dumps(origin, indent=2, ensure_ascii=False, default=str)
    return _zipped(files)


def figures(choices: Sequence[PolicySelection], words: Words) -> bytes:
    """Return the figures as SVG."""
    answers, known = _answers(choices), words_for(choices, words)
    tables = {name: combined(answers, name) for name in ("effects", "trajectories", "gains", "cascade")}
    kind, first = str(tables["effects"]["kind"].iloc[0]), choice_id(0)
    charts = {
        "effects": pictures.effects(tables["effects"], known, WIDE, kind),
        "over_time": pictures.trajectories(tables["trajectories"], known, WIDE, kind),
        "groups": pictures.groups(tables["gains"], known, first, WIDE),
        "cascade": pictures.cascade(tables["cascade"], known, WIDE, "baseline", first),
    }
    images = {f"{name}.svg": pictures.svg(chart.to_dict(validate=False)) for name, chart in charts.items()}
    origins = [about(choice, one) for choice, one in zip(choices, answers, strict=True)]
    return _zipped({**images, "about.json": json.dumps(origins, indent=2, ensure_ascii=False, default=str)})


def report(choices: Sequence[PolicySelection], words: Words) -> str:
    """Return the report, one page of HTML."""
    answers = _answers(choices)
    facts = about(choices[0], answers[0])
    facts["commands"] = [choice.command(one.replicates) for choice, one in zip(choices, answers, strict=True)]
    facts["scenarios"] = {"baseline": words("common.scenario_text.baseline")} | {
        choice_id(place): title(choice, words) for place, choice in enumerate(choices)
    }
    facts["introduced"] = {"baseline": []} | {
        choice_id(place): sorted(one.plan.scenarios[1].measures) for place, one in enumerate(answers) if one.plan
    }
    tables = {name: combined(answers, name) for name in TABLES}
    return str(page(Comparison(Path("."), facts, tables), words_for(choices, words)))


def _zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()
