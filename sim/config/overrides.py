"""Checks of overrides from the command line or Python, before Hydra reads them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, RangeSweep
from hydra.errors import OverrideParseException

from sim.config.folder import HIDDEN, MAX_DEPTH
from sim.errors import UserError, as_written, invalid

OF_MULTIRUN = ("hydra/launcher", "hydra.launcher", "hydra.sweep.dir", "hydra.sweep.subdir",
               "hydra.sweeper.max_batch_size")  # fmt: skip
"""Settings of Hydra that a command accepts with `--multirun`, beside `hydra.launcher.*`."""
_MAX_LENGTH = 100_000
_MAX_DIGITS = 4_000
_MAX_VALUES = 10_000
_NAME = re.compile(r"[~+]*[\w./@-]+", re.ASCII)
_NOT_PLAIN = re.compile(r"""[,\[\]{}'"$\\]""")
_OF_OBJECTS = re.compile(r"_\w+_")


def read_overrides(words: Iterable[str], groups: Collection[str], multirun: bool = False) -> list[str]:
    """Check overrides, and quote texts that Hydra accepts only in quotes, such as `R&D` or `persons (1).csv`.

    `groups` are the configuration groups, each of which is set to the name of one option. With `multirun`, several
    values and settings of Hydra's launcher are accepted. Raises UserError for an override that is not.
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
    """Raise UserError for text that would break or overwhelm a parser."""
    depth = deepest = 0
    for character in word:
        depth += (character in "[{(") - (character in "]})")
        deepest = max(deepest, depth)
    for is_wrong, reason in (
        ("\0" in word, "It has a NUL character."),
        (len(word) > _MAX_LENGTH, f"It has {len(word):,} characters. Use at most {_MAX_LENGTH:,}."),
        (re.search(rf"\d{{{_MAX_DIGITS}}}", word), f"A number has more than {_MAX_DIGITS:,} digits. Use at most 18."),
        (deepest > MAX_DEPTH, f"It is nested {deepest} levels deep. Use at most {MAX_DEPTH}."),
    ):
        if is_wrong:
            raise UserError(f"Invalid setting: '{word[:60]}'. {reason}")


def _check_range(override: Override) -> None:
    """Raise UserError for a range without values, or with more than memory holds."""
    value_range = override.value()
    if not isinstance(value_range, RangeSweep):
        return
    start, stop, step = (float(number or 0) for number in (value_range.start, value_range.stop, value_range.step))
    if not (step and 0 < (stop - start) / step <= _MAX_VALUES):
        written = f"range({value_range.start}, {value_range.stop}, {value_range.step})"
        raise UserError(invalid(override.key_or_group, written, f"a range of 1 to {_MAX_VALUES:,} values"))


def _parsed(word: str) -> tuple[str, Override]:
    """Return the override as text and parsed, with its value in quotes where Hydra needs them for plain text."""
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
        raise UserError(f"Invalid setting: {written}. Use one of Hydra's own: {', '.join(OF_MULTIRUN)}.")
    if not multirun:
        raise UserError(f"Invalid setting: {name}. It has an effect only with --multirun.")


def _check_objects(names: Iterable[str]) -> None:
    for name in names:
        if _OF_OBJECTS.fullmatch(name):
            raise UserError(f"Invalid setting: '{name}'. Settings are values and create no objects.")


def _keys_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [key for name, inner in value.items() for key in (str(name), *_keys_in(inner))]
    return [key for inner in value for key in _keys_in(inner)] if isinstance(value, list) else []


def _check_visible(names: Iterable[Any]) -> None:
    """Raise UserError for a hidden file or folder, since `check_folder` does not check these."""
    for name in names:
        if str(name).startswith(HIDDEN):
            raise UserError(f"Invalid option: '{name}', a hidden file. Use a name that starts with a letter.")


def _check_options(group: str, options: Sequence[Any]) -> None:
    for option in options:
        text = str(option)
        if isinstance(option, list) or "/" in text or ".." in text:
            raise UserError(invalid(group, text, f"the name of one option, as in {group}=<name>"))
    _check_visible(options)


@lru_cache(maxsize=8)
def parse_overrides(overrides: tuple[str, ...]) -> tuple[Override, ...]:
    """Parse overrides with Hydra's grammar."""
    return tuple(OverridesParser.create().parse_overrides(list(overrides)))


def format_override(value: Any) -> str:
    """Return a Python value as it is written in an override."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{name}: {format_override(of)}" for name, of in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(format_override, value)) + "]"
    text = as_written(value)
    if not isinstance(value, str | Path) or re.fullmatch(r"[A-Za-z_][\w./-]*", text):
        return text
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
