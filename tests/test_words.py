"""Texts of the views: the same keys and placeholders in both languages, and no English in the Dutch ones."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from sim.errors import UserError
from sim.words import LANGUAGES, Words, texts

ENGLISH, DUTCH = texts("en"), texts("nl")
ENGLISH_WORDS = re.compile(r"\b(the|with|and|people|employees|of which|today's)\b", re.IGNORECASE)
"""English words; a Dutch text has at most one of them."""


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_keys():
    assert set(ENGLISH) == set(DUTCH) and len(ENGLISH) > 200


def test_a_text_has_the_same_placeholders_in_both_languages():
    differing = {key for key in ENGLISH if placeholders(ENGLISH[key]) != placeholders(DUTCH[key])}
    assert not differing


def test_no_text_is_left_in_english():
    same = {key for key, text in DUTCH.items() if text == ENGLISH[key] and len(text.split()) > 3}
    assert not same
    assert not {key: text for key, text in DUTCH.items() if len(ENGLISH_WORDS.findall(text)) > 1}


def test_an_unknown_language_is_an_error():
    assert set(LANGUAGES) == {"en", "nl"}
    with pytest.raises(UserError, match="Unknown language: fr"):
        Words("fr")


def test_placeholders_are_filled():
    words = Words("nl")
    key = next(key for key, text in DUTCH.items() if placeholders(text))
    filled = words(key, **dict.fromkeys(placeholders(DUTCH[key]), 7))
    assert "7" in filled and "{" not in filled
