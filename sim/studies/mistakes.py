"""What a user did wrong, told in one line, where it was Hydra, OmegaConf or a parser that noticed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from sim.errors import UserError, first_line, instead

_LISTS_AND_ENTRIES = "lists and entries are written as in withdrawn: [breaks] and measures: {breaks: {start: 0}}"


def explanation(error: Exception) -> str | None:
    """What a user did wrong, in one line; None for an error that is no user's."""
    for kind, line in _LINES.items():
        if isinstance(error, kind):
            return line(error)
    return None


def _missing_option(error: MissingConfigException) -> str:
    wanted = (error.missing_cfg_file or "").removeprefix("config/")
    group, _, option = wanted.rpartition("/")
    if not group:
        return first_line(error)
    known = [name for name in error.options or () if name]
    return f"{group}={option}: no such option" + (f" {instead(option, known)}" if known else "")


def _impossible_override(error: ConfigCompositionException) -> str:
    line = first_line(error)
    if line.startswith("Ambiguous value"):
        return f"{line}; a list is written as [a,b], and several runs need --multirun"
    if found := re.match(r"In '([^']+)': \w+ raised while composing", line):
        return f"{found[1]}.yaml: a list stands where entries are right, or the other way round; {_LISTS_AND_ENTRIES}"
    if isinstance(error.__cause__, OmegaConfBaseException):
        return _refused_setting(error.__cause__)
    if line.startswith("Could not delete"):
        return f"{line.rstrip('.')}; settings are changed, as in weeks=52, and never taken away"
    found = re.search(r"[Cc]ould not override '([^'\n=]+)'", line)
    if found and found[1] == "measure":
        return "a measure is a scenario, or an option of its family of levers; choose it as in scenario=breaks"
    return line


def _refused_setting(error: OmegaConfBaseException) -> str:
    """A setting that does not exist where it was written, beside those that do."""
    if "not in" not in str(error):
        return f"{error.full_key}: {first_line(error)}"
    above, _, name = str(error.full_key).rpartition(".")
    known = [entry for entry in _settings_in(error.parent_node) if entry not in ("kind", "hydra")]
    family, _, part = above.rpartition(".")
    if part == "measures" and family:
        return f"no option chosen in {family} takes the measure '{name}'; choose one, as in {family}={name}"
    if not known:
        return f"there is no '{name}' in {above}; write {above}=<value>, or {above}={{{name}: <value>}} for a group"
    return f"there is no setting '{error.full_key}' {instead(name, known)}; `--cfg job` shows all there are"


def _settings_in(node: Any) -> list[str]:
    return [str(name) for name in node.keys()] if hasattr(node, "keys") else []


def _no_yaml(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return f"a file of the configuration is no yaml: {' '.join(str(error).split())}"
    return f"{Path(mark.name).name} is no yaml: line {mark.line + 1}, {getattr(error, 'problem', None) or 'unreadable'}"


def _value_error(error: ValueError) -> str | None:
    """Hydra raises some of its complaints about words on the command line as plain errors of value."""
    line = first_line(error)
    if line.startswith("Only one of --run"):
        return line
    if line.startswith("Config group override"):
        return "a group takes the name of an option, as in availability=practice_2022 for nothing added"
    if line.startswith(("Expecting one subcommand", "No completion plugin")):
        return "-sc is followed by what to do for which shell; install=bash is right, or uninstall=, and fish or zsh"
    return None


def _missing_file(error: OSError) -> str | None:
    return None if error.filename is None else f"{error.filename}: {error.strerror}"


_LINES: dict[type[Exception], Callable[[Any], str | None]] = {
    UserError: str,
    MissingConfigException: _missing_option,
    OverrideParseException: lambda error: (
        f"'{error.override}' cannot be read; settings are written as name=value, lists as name=[a,b]"
    ),
    ConfigCompositionException: _impossible_override,
    MissingMandatoryValue: lambda error: f"{error.full_key} is missing; give {error.full_key}=<value>",
    HydraException: first_line,
    OmegaConfBaseException: first_line,
    yaml.YAMLError: _no_yaml,
    UnicodeDecodeError: lambda error: f"a file of the configuration is no text in UTF-8 ({error.reason})",
    ValueError: _value_error,
    MemoryError: lambda error: (
        "not enough memory; ask for fewer people (firm.employees, firm.sample), scenarios or workers"
    ),
    OSError: _missing_file,
}
"""How each kind of error is told; the first kind that fits decides."""
