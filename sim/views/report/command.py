"""The command `hybridwork report`, and the report that the main job leaves beside its tables."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from sim.errors import UserError, unknown
from sim.paths import read_path
from sim.words import Words

_OPTIONS = ("language", "policy", "sensitivity", "pdf")
_PACKAGES = ("altair", "vl_convert", "jinja2")
INSTALL = 'pip install "hybridwork[report]"'
USAGE = """hybridwork report FOLDER [name=value ...]

One page of a comparison that `hybridwork scenarios` or `hybridwork run` has written: FOLDER/report.html.
  language=nl         in Dutch: FOLDER/report_nl.html; en is the default
  policy=NAME         the policy shown large; the last of the list is the default
  sensitivity=FOLDER  takes in what a sensitivity study found
  pdf=true            as PDF as well, where a browser is present
"""


def main(argv: list[str]) -> int:
    """`hybridwork report`: write the page of a comparison, and print where it is."""
    if {"--help", "-h"} & set(argv):
        print(USAGE)
        return 0
    folder, options = settings_of(argv)
    for path in write(folder, **options):
        print(path)
    return 0


def write(
    folder: Path, language: str = "en", policy: str | None = None, sensitivity: str | None = None, pdf: str = "false"
) -> list[Path]:
    """Write the report of a folder into it; the files written. UserError for whatever is wrong with it."""
    from sim.experiments.output_folder import write_text
    from sim.views.report.folder import read, screening_of

    words = Words(language)
    _check_packages()
    comparison = read(folder)
    screening = None if sensitivity is None else screening_of(read_path(sensitivity))
    from sim.views.report.page import page

    path = folder / ("report.html" if language == "en" else f"report_{language}.html")
    write_text(page(comparison, words, policy, screening), path)
    if pdf != "true":
        return [path]
    from sim.views.report.pdf import print_to

    print_to(path, path.with_suffix(".pdf"))
    return [path, path.with_suffix(".pdf")]


def beside(folder: Path, language: str) -> None:
    """Leave a report beside the tables of a finished comparison, or say in a line what it would take."""
    try:
        write(folder, language)
    except UserError as reason:
        print(f"no report.html: {reason}", file=sys.stderr)


def _check_packages() -> None:
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise UserError(f"a report needs {missing[0]}, which is not installed; {INSTALL} is right")


def settings_of(argv: Sequence[str]) -> tuple[Path, dict[str, str]]:
    """The folder and the options asked for; UserError for a setting that does not exist or is wrong."""
    given = [word.split("=", 1) for word in argv if "=" in word and not Path(word).is_dir()]
    folders = [word for word in argv if "=" not in word or Path(word).is_dir()]
    names = [name for name, _ in given]
    for name in names:
        if name not in _OPTIONS:
            raise UserError(unknown("setting", name, _OPTIONS))
        if names.count(name) > 1:
            raise UserError(f"{name} is given {names.count(name)} times; once is right")
    if len(folders) != 1:
        raise UserError(f"report takes one folder and is given {len(folders)}; "
                        "as in report outputs/scenarios/<date> language=nl")  # fmt: skip
    options = dict(given)
    if options.get("pdf", "false") not in ("true", "false"):
        raise UserError(f"pdf is '{options['pdf']}'; true or false is right")
    return read_path(folders[0]), options
