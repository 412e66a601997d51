"""Settings as they are typed or given from Python: which may be given at all, and which texts need no quotes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, RangeSweep
from hydra.errors import OverrideParseException

from sim.config.folder import HIDDEN, MAX_DEPTH
from sim.errors import UserError, as_written

OF_MULTIRUN = ("hydra/launcher", "hydra.launcher", "hydra.sweep.dir", "hydra.sweep.subdir",
               "hydra.sweeper.max_batch_size")  # fmt: skip
"""Settings of Hydra that a command takes, with `--multirun`; `hydra.launcher.*` are those of the launcher."""
_MAX_LENGTH = 100_000
_MAX_DIGITS = 4_000
_MAX_VALUES = 10_000
_NAME = re.compile(r"[~+]*[\w./@-]+", re.ASCII)
_NOT_PLAIN = re.compile(r"""[,\[\]{}'"$\\]""")
_OF_OBJECTS = re.compile(r"_\w+_")


def read_overrides(words: Iterable[str], groups: Collection[str], multirun: bool = False) -> list[str]:
    """Check overrides, and quote texts that Hydra's grammar takes only in quotes, such as `R&D` or `persons (1).csv`.

    groups: names of the configuration groups, which take the name of one option.
    multirun: whether several values are allowed, and settings of Hydra's launcher.
    Raises UserError for an override that cannot be read or is not accepted.
    """
    return [_read(word, groups, multirun) for word in words]


def _read(word: str, groups: Collection[str], multirun: bool) -> str:
    _check_text(word)
    readable, override = _parsed(word)
    name = override.key_or_group
    _check_range(override)
    value = list(override.sweep_iterator()) if override.is_discrete_sweep() else override.value()
    _check_hydra(name, override.package, multirun)
    _check_objects([*re.split(r"[./]", name), *_keys_in(value)])
    options = value if multirun and override.is_sweep_override() and isinstance(value, list) else [value]
    if name in groups and not isinstance(value, dict):
        _check_options(name, options)
    _check_visible([*name.split("/"), *(options if override.is_add() or "/" in name else [])])
    return readable


def _check_text(word: str) -> None:
    """Raise UserError for what would break or overwhelm a parser."""
    start = word[:60]
    if "\0" in word:
        raise UserError(f"'{start}' holds a character that no setting may have (NUL)")
    if len(word) > _MAX_LENGTH:
        raise UserError(f"'{start}…' has {len(word):,} characters; a setting has at most {_MAX_LENGTH:,}")
    if re.search(rf"\d{{{_MAX_DIGITS}}}", word):
        raise UserError(f"'{start}…' holds a number of more than {_MAX_DIGITS:,} digits; use at most 18")
    depth = deepest = 0
    for character in word:
        depth += (character in "[{(") - (character in "]})")
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH:
        raise UserError(f"'{start}…' is nested {deepest} levels deep; use at most {MAX_DEPTH}")


def _check_range(override: Override) -> None:
    """Raise UserError for a range that has no value, or so many that writing them out takes all memory."""
    value_range = override.value()
    if not isinstance(value_range, RangeSweep):
        return
    start, stop, step = (float(number or 0) for number in (value_range.start, value_range.stop, value_range.step))
    if not (step and 0 < (stop - start) / step <= _MAX_VALUES):
        written = f"range({value_range.start}, {value_range.stop}, {value_range.step})"
        raise UserError(
            f"Invalid value for {override.key_or_group}: {written}. Use one of 1 to {_MAX_VALUES:,} values."
        )


def _parsed(word: str) -> tuple[str, Override]:
    """The override as Hydra reads it, in quotes where it is a plain text that only then can be read."""
    parser = OverridesParser.create()
    try:
        return word, parser.parse_overrides([word])[0]
    except OverrideParseException:
        name, equals, value = word.partition("=")
        text = value.strip()
        if not (equals and text and _NAME.fullmatch(name)) or _NOT_PLAIN.search(text) or not text.isprintable():
            raise
        quoted = f"{name}='{text}'"
        return quoted, parser.parse_overrides([quoted])[0]


def _check_hydra(name: str, package: str | None, multirun: bool) -> None:
    if "hydra" not in re.split(r"[./]", name) + re.split(r"[./]", package or ""):
        return
    known = name in OF_MULTIRUN or name.startswith("hydra.launcher.")
    if package or not known:
        written = f"{name}@{package}" if package else name
        raise UserError(f"{written} is not a setting; of Hydra's own, commands take {', '.join(OF_MULTIRUN)}")
    if not multirun:
        raise UserError(f"{name} has an effect only with --multirun; add --multirun or leave it out")


def _check_objects(names: Iterable[str]) -> None:
    for name in names:
        if _OF_OBJECTS.fullmatch(name):
            raise UserError(f"'{name}' is not a setting; settings are values and create no objects")


def _keys_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [key for name, inner in value.items() for key in (str(name), *_keys_in(inner))]
    return [key for inner in value for key in _keys_in(inner)] if isinstance(value, list) else []


def _check_visible(names: Iterable[Any]) -> None:
    """Raise UserError for a hidden file or folder, as those of a configuration folder are not checked."""
    for name in names:
        if str(name).startswith(HIDDEN):
            raise UserError(f"'{name}' is the name of a hidden file; groups and options begin with a letter")


def _check_options(group: str, options: Sequence[Any]) -> None:
    for option in options:
        text = str(option)
        if isinstance(option, list) or "/" in text or ".." in text:
            raise UserError(f"{group} takes the name of one option, as in {group}=<name>, and not {text}")
    _check_visible(options)


def format_override(value: Any) -> str:
    """A Python value as Hydra's overrides write it."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{name}: {format_override(of)}" for name, of in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(format_override, value)) + "]"
    text = as_written(value)
    if not isinstance(value, str | Path) or re.fullmatch(r"[A-Za-z_][\w./-]*", text):
        return text
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
