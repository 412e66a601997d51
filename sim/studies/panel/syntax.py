"""Syntax that reads panel.csv with its labels and missing codes into R, SPSS and Stata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sim.studies.panel.codebook import HAS_LEFT, HAS_STOPPED, MISSING, NOT_ASKED, SYNTHETIC, Variable

_STATA = {HAS_STOPPED: ".a", HAS_LEFT: ".b", NOT_ASKED: ".c"}


def files(variables: Sequence[Variable]) -> Mapping[str, str]:
    """Return texts by file name; `variables` are in the order of the columns of panel.csv."""
    return {"read_panel.R": r(variables), "read_panel.sps": spss(variables), "read_panel.do": stata(variables)}


def r(variables: Sequence[Variable]) -> str:
    """Return syntax for base R: codes become factors, missing codes NA, labels the attribute "label"."""
    lines = [f"# {SYNTHETIC}", 'panel <- read.csv("panel.csv")']
    for own in variables:
        column = f"panel${own.name}"
        if own.missing:
            lines.append(f"{column}[{column} %in% c({', '.join(map(str, own.missing))})] <- NA")
        if own.values:
            names = ", ".join(map(_quoted, own.values.values()))
            lines.append(f"{column} <- factor({column}, c({', '.join(map(str, own.values))}), c({names}))")
        lines.append(f'attr({column}, "label") <- {_quoted(own.label)}')
    return _lines(lines)


def spss(variables: Sequence[Variable]) -> str:
    """Return syntax for SPSS, to run with the folder of the files as working directory."""
    formats = [f"  {own.name} F12.{own.decimals}" for own in variables]
    lines = [
        f"* {SYNTHETIC.replace('. ', '; ')}",
        "SET DECIMAL=DOT.",
        "GET DATA /TYPE=TXT /FILE='panel.csv' /ENCODING='UTF8' /DELCASE=LINE /DELIMITERS=\",\" /ARRANGEMENT=DELIMITED",
        "  /FIRSTCASE=2 /VARIABLES=",
        *formats[:-1],
        f"{formats[-1]}.",
        "DATASET NAME panel.",
    ]
    lines += [f"VARIABLE LABELS {own.name} {_doubled(own.label)}." for own in variables]
    for own in variables:
        codes = dict(own.values) | {code: MISSING[code] for code in own.missing}
        if codes:
            lines.append(f"VALUE LABELS {own.name} {' '.join(f'{code} {_doubled(of)}' for code, of in codes.items())}.")
        if own.missing:
            lines.append(f"MISSING VALUES {own.name} ({', '.join(map(str, own.missing))}).")
    return _lines([*lines, "EXECUTE."])


def stata(variables: Sequence[Variable]) -> str:
    """Return syntax for Stata: missing codes become .a (stopped taking part), .b (left the firm) and .c (not asked)."""
    lines = [f"* {SYNTHETIC}", 'import delimited using "panel.csv", clear varnames(1) case(preserve)']
    for own in variables:
        if own.missing:
            gaps = r" \ ".join(f"{code}={_STATA[code]}" for code in own.missing)
            lines.append(f"mvdecode {own.name}, mv({gaps})")
        codes = {str(code): meaning for code, meaning in own.values.items()}
        codes |= {_STATA[code]: MISSING[code] for code in own.missing}
        if codes:
            pairs = " ".join(f'{code} "{meaning}"' for code, meaning in codes.items())
            lines += [f"label define {_label_of(own)} {pairs}", f"label values {own.name} {_label_of(own)}"]
        lines.append(f'label variable {own.name} "{own.label}"')
    return _lines(lines)


def _label_of(variable: Variable) -> str:
    """Return the name of a set of value labels, within 32 characters."""
    return f"{variable.name[:28]}_lab"


def _quoted(words: str) -> str:
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _doubled(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
