"""What one takes along: the link, the command, tables, figures and the report, each with how it was made."""

from __future__ import annotations

import io
import json
import shlex
import zipfile
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from sim.errors import required
from sim.plotting import charts as pictures
from sim.views.explore.answer_view import replay
from sim.views.explore.cases import Answer
from sim.views.explore.labels import identifier, joined, named, title
from sim.views.explore.rendering import WIDE
from sim.views.explore.scheduler import shared_scheduler
from sim.views.explore.selection import PolicySelection
from sim.words import Words


def take(asked: Sequence[PolicySelection], words: Words) -> None:
    """The section at the end of an answer."""
    st.html(f"<h2>{words('explore.take.title')}</h2>")
    left, right = st.columns(2)
    with left:
        link(asked[0], words)
    with right:
        st.markdown(words("explore.take.command"))
        st.code("\n".join(one.command(one.most_replicates) for one in asked), language=None, wrap_lines=True)
    with st.container(horizontal=True):
        file, language = words("explore.take.file"), words.language
        st.download_button(
            words("explore.take.report"), lambda: report(asked, words), f"{file}.html", "text/html", on_click="ignore"
        )
        st.download_button(
            words("explore.take.data"), lambda: data(asked, words), f"{file}.zip", "application/zip", on_click="ignore"
        )
        st.download_button(
            words("explore.take.figures"), lambda: figures(asked, words), f"{file}-{language}-svg.zip",
            "application/zip", on_click="ignore",
        )  # fmt: skip
        if st.session_state.before is not None:
            st.button(words("explore.take.replay"), on_click=replay)


def link(choice: PolicySelection, words: Words) -> None:
    """The address that restores the whole choice."""
    address = str(st.context.url or "").partition("?")[0]
    st.markdown(words("explore.take.link"))
    st.code(f"{address}?{urlencode(choice.query)}", language=None, wrap_lines=True)
    st.caption(words("explore.take.link_text"))


def _answers(asked: Sequence[PolicySelection]) -> list[Answer]:
    """The answers with all their runs, as the command beside them computes them."""
    return [shared_scheduler().answer(choice, choice.most_replicates, timeout=600.0) for choice in asked]


def about(choice: PolicySelection, found: Answer) -> dict[str, Any]:
    """How an answer was made: versions, seed, what was asked, how many runs, what its intervals hold."""
    from sim.experiments import output_folder

    plan, command = required(found.plan, "the plan of an answer"), choice.command(found.replicates)
    return output_folder.about(plan) | dict(found.facts) | {"asked": shlex.split(command)[2:], "command": command}


def data(asked: Sequence[PolicySelection], words: Words) -> bytes:
    """All tables as CSV, with a file that says how they were made."""
    found = _answers(asked)
    files: dict[str, str] = {}
    for place, (choice, one) in enumerate(zip(asked, found, strict=True)):
        tables = required(one.tables, "tables of an answer")
        folder = f"{identifier(place)}/" if len(asked) > 1 else ""
        files |= {f"{folder}{name}.csv": table.to_csv(index=False) for name, table in tables.items()}
        said = {"choice": title(choice, words), **about(choice, one)}
        files[f"{folder}about.json"] = json.dumps(said, indent=2, ensure_ascii=False, default=str)
    return _zipped(files)


def figures(asked: Sequence[PolicySelection], words: Words) -> bytes:
    """The pictures as SVG."""
    found, known = _answers(asked), named(asked, words)
    tables = {name: joined(found, name) for name in ("effects", "trajectories", "gains", "cascade")}
    kind = str(tables["effects"]["kind"].iloc[0])
    first = identifier(0)
    cascade = tables["cascade"].drop_duplicates(["scenario", "measure", "role", "stage"])
    charts = {
        "effects": pictures.effects(tables["effects"], known, WIDE, kind),
        "over_time": pictures.trajectories(tables["trajectories"], known, WIDE, kind),
        "groups": pictures.groups(tables["gains"], known, first, WIDE),
        "cascade": pictures.cascade(cascade, known, WIDE, "baseline", first),
    }
    said = {f"{name}.svg": pictures.svg(chart.to_dict(validate=False)) for name, chart in charts.items()}
    made = [about(choice, one) for choice, one in zip(asked, found, strict=True)]
    return _zipped({**said, "about.json": json.dumps(made, indent=2, ensure_ascii=False, default=str)})


def report(asked: Sequence[PolicySelection], words: Words) -> str:
    """The one page that can be mailed."""
    from pathlib import Path

    from sim.views.report.folder import TABLES, Comparison
    from sim.views.report.page import page

    found = _answers(asked)
    facts = about(asked[0], found[0])
    facts["commands"] = [choice.command(one.replicates) for choice, one in zip(asked, found, strict=True)]
    facts["scenarios"] = {"baseline": words("common.scenario.baseline.text")} | {
        identifier(place): title(choice, words) for place, choice in enumerate(asked)
    }
    facts["introduced"] = {"baseline": []} | {
        identifier(place): sorted(one.plan.scenarios[1].measures) for place, one in enumerate(found) if one.plan
    }
    tables = {name: joined(found, name) for name in TABLES}
    if len(asked) > 1:
        keys = {
            "trajectories": ["scenario", "outcome", "group", "date"],
            "cascade": ["scenario", "measure", "role", "stage"],
        }
        tables |= {name: tables[name].drop_duplicates(own) for name, own in keys.items()}
    return str(page(Comparison(Path("."), facts, tables), named(asked, words)))


def _zipped(files: dict[str, str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()
