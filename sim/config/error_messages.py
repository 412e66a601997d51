"""One-line messages for errors of Hydra, OmegaConf, parsers and the operating system that a user causes."""

from __future__ import annotations

import errno
import os
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import InterpolationResolutionError, MissingMandatoryValue, OmegaConfBaseException

from sim.errors import UserError, first_line, instead, print_error, unknown

_LISTS_AND_ENTRIES = "Write them as in withdrawn: [breaks] and measures: {breaks: {start: 0}}."


def exit_code(call: Callable[[], int | None]) -> int:
    """Run a command; return its exit code (0 by default), 2 for a mistake of the user and 130 for an interruption.

    The mistake is printed in one line. With HYDRA_FULL_ERROR=1 in the environment, errors show their traceback.
    """
    if os.environ.get("HYDRA_FULL_ERROR") == "1":
        return int(call() or 0)
    try:
        return int(call() or 0)
    except BrokenPipeError:
        raise  # handled in `sim.__main__`: the program that reads the output has ended
    except KeyboardInterrupt as stop:
        return print_error(str(stop) or "Interrupted. Nothing of this run is stored.", 130)
    except Exception as error:
        line = explain_error(error)
        if line is None:
            raise
        return print_error(line)


@contextmanager
def user_errors() -> Iterator[None]:
    """Raise UserError in place of an error that `explain_error` recognises as a mistake of the user."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        line = explain_error(error)
        if line is None:
            raise
        raise UserError(line) from None


@contextmanager
def composing() -> Iterator[None]:
    """Raise UserError for any error while settings are composed, where no code of the model runs."""
    try:
        with user_errors():
            yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"Invalid combination of settings: {first_line(error)}") from None


def explain_error(error: Exception) -> str | None:
    """Return one line on a mistake of the user; None for any other error."""
    for kind, line in _LINES.items():
        if isinstance(error, kind):
            return line(error)
    return None


def no_entries(name: str) -> str:
    """Return the message for a YAML file that is not a mapping."""
    return f'Invalid file: {name}, which has no entries. Write them as in text: "…".'


def not_yaml(name: str, error: yaml.YAMLError) -> str:
    """Return the message for a file that cannot be parsed."""
    mark = getattr(error, "problem_mark", None)
    line = "" if mark is None else f" in line {mark.line + 1}"
    return f"Invalid YAML in {name}{line}: {getattr(error, 'problem', None) or ' '.join(str(error).split())}."


def _missing_option(error: MissingConfigException) -> str:
    path = (error.missing_cfg_file or "").removeprefix("config/")
    group, _, option = path.rpartition("/")
    if not group:
        return first_line(error)
    known = [name for name in error.options or () if name]
    return unknown(f"option of {group}", option, known) if known else f"Unknown option of {group}: {option}."


def _impossible_override(error: ConfigCompositionException) -> str:
    line = first_line(error)
    if line.startswith("Ambiguous value"):
        return (
            f"{line}. Write a list as [a,b] and a text with a comma as 'title=\"a, b\"'. Several runs need --multirun."
        )
    if match := re.match(r"In '([^']+)': \w+ raised while composing", line):
        return f"Invalid file: {match[1]}.yaml mixes up a list and entries. {_LISTS_AND_ENTRIES}"
    if isinstance(error.__cause__, OmegaConfBaseException):
        return _refused_setting(error.__cause__)
    if line.startswith("Could not delete"):
        return f"{line.rstrip('.')}. Settings cannot be removed. Change one as in weeks=52."
    match = re.search(r"[Cc]ould not override '([^'\n=]+)'", line)
    if match and match[1] == "measure":
        return "Unknown group: measure. A measure is a scenario: choose it as in scenario=breaks."
    return line


def _refused_setting(error: OmegaConfBaseException) -> str:
    """Return the message for a setting that does not exist, with those that do."""
    if "not in" not in str(error):
        return f"{error.full_key}: {first_line(error)}"
    above, _, name = str(error.full_key).rpartition(".")
    known = [entry for entry in _settings_in(error.parent_node) if entry not in ("kind", "hydra")]
    family, _, part = above.rpartition(".")
    if part == "measures" and family:
        return f"Unknown setting: {error.full_key}. No option of {family} has this measure. Use {family}={name}."
    if not known:
        return f"Unknown setting: {error.full_key}. Use {above}=<value>, or {above}={{{name}: <value>}} for a group."
    return f"Unknown setting: {error.full_key}. {instead(name, known)}"


def _settings_in(node: Any) -> list[str]:
    return [str(name) for name in node.keys()] if hasattr(node, "keys") else []


def _unreadable_override(error: OverrideParseException) -> str:
    name, equals, value = error.override.partition("=")
    unreadable = f"Unreadable setting: '{error.override}'."
    if not equals or not name.strip():
        return f"{unreadable} Write name=value, or name=[a,b] for a list."
    quoted = value.strip("'\"").replace('"', '\\"')
    if re.fullmatch(r"[~+]*[\w./@-]+", name, re.ASCII):
        text = shlex.quote(f'{name}="{quoted}"')
        return f"{unreadable} Write a list as {name}=[a,b], and quote a text twice: {text}."
    return f"{unreadable} Names of settings are words with dots, as in firm.employees=300."


def _yaml_error(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return not_yaml("the configuration" if mark is None else Path(mark.name).name, error)


def _value_error(error: ValueError) -> str | None:
    """Return the message for a ValueError that Hydra raises about words on the command line."""
    line = first_line(error)
    if line.startswith("Only one of --run"):
        return line
    if line.startswith("Config group override"):
        return "Missing option of a group. Use a name, as in availability=practice_2022."
    if line.startswith("Exceeds the limit"):
        return "A whole number has thousands of digits. Use at most 18."
    if line.startswith(("Expecting one subcommand", "No completion plugin")):
        return "Invalid value for -sc. Use install=bash or uninstall=bash; also fish or zsh."
    return None


def _file_error(error: OSError) -> str:
    """Return the message for an error of the operating system, with advice if there is any."""
    what = "A file" if error.filename is None else str(error.filename)
    return f"{what}: {error.strerror or first_line(error)}. {_ADVICE.get(error.errno or 0, '')}".strip()


_MORE_SPACE = "Free some space, or use another disk with output= or folder=."
_ADVICE = {
    errno.ENOSPC: _MORE_SPACE,
    errno.EDQUOT: _MORE_SPACE,
    errno.ENOLCK: "This disk does not support locks. Use a folder on another disk.",
    errno.EROFS: "Use a folder that can be written, with output= or folder=.",
}

_LINES: dict[type[Exception], Callable[[Any], str | None]] = {
    UserError: str,
    MissingConfigException: _missing_option,
    OverrideParseException: _unreadable_override,
    ConfigCompositionException: _impossible_override,
    InterpolationResolutionError: lambda error: (
        f"Invalid reference in {error.full_key}: {first_line(error)}. Write the value itself."
    ),
    MissingMandatoryValue: lambda error: f"Missing setting: {error.full_key}. Use {error.full_key}=<value>.",
    HydraException: first_line,
    OmegaConfBaseException: first_line,
    yaml.YAMLError: _yaml_error,
    UnicodeDecodeError: lambda error: f"Invalid file in the configuration: it is not UTF-8 ({error.reason}).",
    ValueError: _value_error,
    MemoryError: lambda error: (
        "Not enough memory. Use fewer people (firm.employees, firm.sample), scenarios or workers."
    ),
    RecursionError: lambda error: "A value is nested too deeply. Use fewer brackets.",
    OSError: _file_error,
}
"""Message for each kind of error; the first kind that fits counts."""
