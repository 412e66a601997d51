"""`hybridwork report`, and the report that comparisons write to their folder."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from sim.config.settings import split_words
from sim.errors import UserError, invalid
from sim.paths import read_path
from sim.views.settings import require_packages
from sim.words import Words

_OPTIONS = ("language", "policy", "sensitivity", "pdf")
_PACKAGES = ("altair", "vl_convert", "jinja2")
USAGE = """hybridwork report FOLDER [name=value ...]

Write one page about a comparison of `hybridwork scenarios` or `hybridwork run`: FOLDER/report.html.
  language=nl         in Dutch: FOLDER/report_nl.html; en is the default
  policy=NAME         the policy of the summary; the last of the list is the default
  sensitivity=FOLDER  adds the results of a sensitivity study
  pdf=true            also writes a PDF; needs Chromium
"""


def main(argv: list[str]) -> int:
    """Write the page of a comparison, and print its path."""
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
    """Write the report of a comparison to its folder and return the files; raise UserError for an invalid setting."""
    words = Words(language)
    require_packages(_PACKAGES, "report")
    from sim.experiments.output_folder import write_text
    from sim.views.report.folder import read, screening_of
    from sim.views.report.page import page
    from sim.views.report.pdf import print_to

    comparison = read(folder)
    screening = None if sensitivity is None else screening_of(read_path(sensitivity))
    path = folder / ("report.html" if language == "en" else f"report_{language}.html")
    write_text(page(comparison, words, policy, screening), path)
    if pdf != "true":
        return [path]
    print_to(path, path.with_suffix(".pdf"))
    return [path, path.with_suffix(".pdf")]


def beside(folder: Path, language: str) -> None:
    """Write a report to the folder of a comparison, or print why there is none."""
    try:
        write(folder, language)
    except UserError as reason:
        print(f"No report.html. {reason}", file=sys.stderr)


def settings_of(argv: Sequence[str]) -> tuple[Path, dict[str, str]]:
    """Return the folder and the options; raise UserError for an unknown or invalid setting."""
    folders, pairs = split_words(argv, _OPTIONS)
    options, names = dict(pairs), [name for name, _ in pairs]
    for name in options:
        if names.count(name) > 1:
            raise UserError(f"Duplicate setting: {name}. Use it once.")
    if len(folders) != 1:
        raise UserError(f"Invalid number of folders: {len(folders)}. Use one folder, "
                        "as in report outputs/scenarios/<date> language=nl.")  # fmt: skip
    if options.get("pdf", "false") not in ("true", "false"):
        raise UserError(invalid("pdf", options["pdf"], "true or false"))
    return read_path(folders[0]), options
