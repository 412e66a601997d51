"""What views say is complete in both languages, key by key and place by place."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from sim.errors import UserError
from sim.words import LANGUAGES, Words, texts

ENGLISH, DUTCH = texts("en"), texts("nl")
TELLTALES = re.compile(r"\b(the|with|and|people|employees|of which|today's)\b", re.IGNORECASE)
"""Words that no Dutch sentence has."""


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_keys():
    assert set(ENGLISH) == set(DUTCH) and len(ENGLISH) > 200


def test_a_text_has_the_same_places_in_both_languages():
    differing = {key for key in ENGLISH if places(ENGLISH[key]) != places(DUTCH[key])}
    assert not differing


def test_no_text_is_left_in_english():
    same = {key for key, text in DUTCH.items() if text == ENGLISH[key] and len(text.split()) > 3}
    assert not same
    assert not {key: text for key, text in DUTCH.items() if len(TELLTALES.findall(text)) > 1}


def test_a_language_that_is_not_there_is_told():
    assert set(LANGUAGES) == {"en", "nl"}
    with pytest.raises(UserError, match="Unknown language: fr"):
        Words("fr")


def test_a_text_takes_its_values():
    words = Words("nl")
    key = next(key for key, text in DUTCH.items() if places(text))
    filled = words(key, **dict.fromkeys(places(DUTCH[key]), 7))
    assert "7" in filled and "{" not in filled
