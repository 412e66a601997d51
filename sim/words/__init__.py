"""Texts of the views in Dutch and English: one yaml file per view and language, with the same keys in both.

A text may have placeholders, as in `{people} people`. `words("report.title")` returns it in the language of `words`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from sim.errors import UserError, unknown

LANGUAGES = {"en": "English", "nl": "Nederlands"}


class Words:
    """The texts of one language; UserError for an unknown language."""

    def __init__(self, language: str = "en") -> None:
        if language not in LANGUAGES:
            raise UserError(unknown("language", language, LANGUAGES))
        self.language = language
        self._texts = texts(language)

    def __call__(self, key: str, **values: Any) -> str:
        """Return the text of a key such as `report.title`, with its placeholders filled."""
        return self._texts[key].format(**values)

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def each(self, start: str) -> dict[str, str]:
        """Return all texts whose keys begin with `start.`, by the rest of the key, in the order of the file."""
        return {key.removeprefix(f"{start}."): text for key, text in self._texts.items() if key.startswith(f"{start}.")}


@cache
def texts(language: str) -> dict[str, str]:
    """Return every text of a language by its key, `<file>.<key>`; deeper keys are joined by dots."""
    folder = files("sim.words").joinpath(language)
    pages = sorted((page for page in folder.iterdir() if page.name.endswith(".yaml")), key=lambda page: page.name)
    flat: dict[str, str] = {}
    for page in pages:
        flat |= _flat(page.name.removesuffix(".yaml"), yaml.safe_load(page.read_text(encoding="utf-8")) or {})
    return flat


def _flat(start: str, content: Mapping[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in content.items():
        key = f"{start}.{name}"
        flat |= _flat(key, value) if isinstance(value, Mapping) else {key: str(value).strip()}
    return flat
