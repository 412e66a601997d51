"""What a user did wrong, told in one line, where it was Hydra, OmegaConf or a parser that noticed."""

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
    """Run a command; return 0 or its own code where it ends well, 2 for a user's mistake and 130 for an interruption.

    The mistake is printed in one line. With HYDRA_FULL_ERROR=1 in the environment errors show where they came from.
    """
    if os.environ.get("HYDRA_FULL_ERROR") == "1":
        return int(call() or 0)
    try:
        return int(call() or 0)
    except BrokenPipeError:
        raise  # the reader of the output has seen enough, which `sim.__main__` answers
    except KeyboardInterrupt as stop:
        return print_error(str(stop) or "Interrupted. Nothing of this run is stored.", 130)
    except Exception as error:
        line = explain_error(error)
        if line is None:
            raise
        return print_error(line)


@contextmanager
def user_errors() -> Iterator[None]:
    """Raise UserError in place of an error that Hydra, OmegaConf, a parser or a file raised for a user's mistake."""
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
    """The same where settings are composed, which runs nothing of the model: there every error is a user's mistake."""
    try:
        with user_errors():
            yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"these settings cannot be combined: {first_line(error)}") from None


def explain_error(error: Exception) -> str | None:
    """What a user did wrong, in one line; None for an error that is no user's."""
    for kind, line in _LINES.items():
        if isinstance(error, kind):
            return line(error)
    return None


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
            f"{line}; a list is written as [a,b], a text with a comma as 'title=\"a, b\"', "
            "and several runs need --multirun"
        )
    if match := re.match(r"In '([^']+)': \w+ raised while composing", line):
        return f"Invalid file: {match[1]}.yaml mixes up a list and entries. {_LISTS_AND_ENTRIES}"
    if isinstance(error.__cause__, OmegaConfBaseException):
        return _refused_setting(error.__cause__)
    if line.startswith("Could not delete"):
        return f"{line.rstrip('.')}; settings are changed, as in weeks=52, and never taken away"
    match = re.search(r"[Cc]ould not override '([^'\n=]+)'", line)
    if match and match[1] == "measure":
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
        return f"Unknown setting: {error.full_key}. Use {above}=<value>, or {above}={{{name}: <value>}} for a group."
    return f"Unknown setting: {error.full_key}. {instead(name, known)}"


def _settings_in(node: Any) -> list[str]:
    return [str(name) for name in node.keys()] if hasattr(node, "keys") else []


def _unreadable_override(error: OverrideParseException) -> str:
    name, equals, value = error.override.partition("=")
    if not equals or not name.strip():
        return f"'{error.override}' cannot be read; settings are written as name=value, lists as name=[a,b]"
    quoted = value.strip("'\"").replace('"', '\\"')
    if re.fullmatch(r"[~+]*[\w./@-]+", name, re.ASCII):
        return (
            f"'{error.override}' cannot be read; write a list as {name}=[a,b] and quote a text twice: "
            + shlex.quote(f'{name}="{quoted}"')
        )
    return f"'{error.override}' cannot be read; names of settings are words with dots, as in firm.employees=300"


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
    if line.startswith("Exceeds the limit"):
        return "A whole number has thousands of digits. Use at most 18."
    if line.startswith(("Expecting one subcommand", "No completion plugin")):
        return "Invalid value for -sc. Use install=bash or uninstall=bash; also fish or zsh."
    return None


def _file_error(error: OSError) -> str:
    """What the operating system refused, and what to do about it where that is known."""
    what = "a file" if error.filename is None else str(error.filename)
    reason = error.strerror or first_line(error)
    advice = _ADVICE.get(error.errno or 0)
    return f"{what}: {reason}" + (f"; {advice}" if advice else "")


_ADVICE = {
    errno.ENOSPC: "free some space, or use another disk with output= or folder=",
    errno.EDQUOT: "free some space, or use another disk with output= or folder=",
    errno.ENOLCK: "this disk does not support locks; use a folder on another disk",
    errno.EROFS: "use a folder that can be written, with output= or folder=",
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
    yaml.YAMLError: _no_yaml,
    UnicodeDecodeError: lambda error: f"a file of the configuration is no text in UTF-8 ({error.reason})",
    ValueError: _value_error,
    MemoryError: lambda error: (
        "Not enough memory. Use fewer people (firm.employees, firm.sample), scenarios or workers."
    ),
    RecursionError: lambda error: "A value is nested too deeply. Use fewer brackets.",
    OSError: _file_error,
}
"""How each kind of error is told; the first kind that fits decides."""
