"""Random numbers: published vectors of the hashes, moments and independence of draws, whatever the order of rows."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.world.random_streams import (
    entity_hash,
    fmix32,
    fnv1a64,
    key_of,
    normal_table,
    normals,
    splitmix64,
    uniforms,
    words,
)

MANY = 200_000
RARE = 1e-4
"""No test below is run often enough for a chance this small to matter; the draws are fixed, so a pass stays a pass."""

PEOPLE = entity_hash(np.arange(MANY, dtype=np.uint32))
GOLDEN = 0x9E3779B97F4A7C15
WORD = (1 << 64) - 1


# -- published vectors -----------------------------------------------------------------------------------------------


def test_splitmix64_gives_the_published_numbers():
    expected = [
        6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821,
    ]  # fmt: skip
    assert [splitmix64((1234567 + step * GOLDEN) & WORD) for step in range(5)] == expected


@pytest.mark.parametrize(("text", "code"), [
    ("", 0xCBF29CE484222325),
    ("a", 0xAF63DC4C8601EC8C),
    ("b", 0xAF63DF4C8601F1A5),
    ("fo", 0x08985907B541D342),
    ("foobar", 0x85944171F73967E8),
])  # fmt: skip
def test_fnv1a_gives_the_published_codes(text, code):
    assert fnv1a64(text) == code


def murmur3_finaliser(word: int) -> int:
    """fmix32 as Appleby wrote it, in whole numbers."""
    word ^= word >> 16
    word = word * 0x85EBCA6B & 0xFFFFFFFF
    word ^= word >> 13
    word = word * 0xC2B2AE35 & 0xFFFFFFFF
    return word ^ word >> 16


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=20))
def test_fmix32_is_the_finaliser_of_murmurhash3(numbers):
    array = np.array(numbers, np.uint32)
    assert fmix32(array).tolist() == [murmur3_finaliser(number) for number in numbers]
    assert array.tolist() == numbers, "the argument does not change"


@pytest.mark.parametrize(("word", "mixed"), [(0, 0), (1, 0x514E28B7), (2, 0x30F4C306), (0xFFFFFFFF, 0x81F16F39)])
def test_fmix32_gives_known_words(word, mixed):
    assert fmix32(np.array([word], np.uint32))[0] == mixed


def test_fmix32_never_maps_two_words_to_one():
    assert len(np.unique(fmix32(np.arange(MANY, dtype=np.uint32)))) == MANY


# -- keys ------------------------------------------------------------------------------------------------------------


def test_the_order_and_the_kind_of_the_parts_of_a_key_matter():
    parts = [(), (0,), (0, 0), (1, 2), (2, 1), ("1",), (1,), ("a", 1), (1, "a")]
    keys = [key_of(*one) for one in parts]
    assert len(set(keys)) == len(keys)
    assert all(0 <= key <= WORD for key in keys)


def test_negative_days_have_keys_of_their_own():
    assert len({key_of(1, day) for day in range(-400, 400)}) == 800


def test_neighbouring_keys_differ_in_half_their_bits():
    keys = [key_of(1, 0, day, "fatigue") for day in range(2000)]
    flips = [(first ^ second).bit_count() for first, second in pairwise(keys)]
    assert np.mean(flips) == pytest.approx(32, abs=0.4)
    assert min(flips) > 10


def test_no_two_entities_of_a_firm_share_a_code():
    """At 32 bits a few of many may; of a large organisation's people hardly any do."""
    assert len(np.unique(entity_hash(np.arange(20_000, dtype=np.uint32)))) == 20_000
    assert MANY - len(np.unique(PEOPLE)) < 20, "about 5 pairs are expected of 200,000"


def test_entities_of_different_salt_or_high_word_have_different_codes():
    identifiers = np.arange(1000, dtype=np.uint64)
    codes = [entity_hash(identifiers, salt) for salt in range(3)] + [entity_hash(identifiers | np.uint64(1 << 32))]
    assert len(np.unique(np.concatenate(codes))) == 4000
    assert (entity_hash(identifiers) == entity_hash(identifiers.astype(np.uint32))).all(), "the width does not matter"


# -- one draw --------------------------------------------------------------------------------------------------------


@given(st.integers(0, WORD), st.integers(0, 2**32 - 1))
def test_a_draw_is_a_function_of_key_and_entity_alone(key, code):
    entity = np.array([code, 5, code], np.uint32)
    for draw in (uniforms, normals):
        once, again = draw(key, entity), draw(key, entity)
        assert once.dtype == np.float32
        assert once.tobytes() == again.tobytes()
        assert once[0] == once[2] == draw(key, entity[:1])[0]
    assert entity[0] == code, "the codes are left alone"


@pytest.mark.parametrize("draw", [uniforms, normals])
def test_permuted_entities_have_permuted_draws(draw):
    order = np.random.default_rng(3).permutation(MANY)
    assert (draw(99, PEOPLE[order]) == draw(99, PEOPLE)[order]).all()
    square = PEOPLE[:1000].reshape(10, 100)
    assert (draw(99, square).ravel() == draw(99, PEOPLE[:1000])).all()


def test_uniforms_lie_from_zero_to_below_one_on_their_grid():
    numbers = np.concatenate([uniforms(key_of(1, day), PEOPLE) for day in range(10)])
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert (numbers * 2**24 == np.floor(numbers * 2**24)).all()
    assert uniforms(0, np.arange(2**16, dtype=np.uint32)).max() < 1


def test_uniforms_are_uniform():
    for day in (0, 1, -1, 364):
        numbers = uniforms(key_of(1, 0, day, "works_today"), PEOPLE)
        assert numbers.mean() == pytest.approx(0.5, abs=0.003)
        assert numbers.var() == pytest.approx(1 / 12, abs=0.001)
        assert stats.kstest(numbers, "uniform").pvalue > RARE


def test_normals_are_normal():
    for day in (0, 1, -1, 364):
        numbers = normals(key_of(1, 0, day, "detachment"), PEOPLE).astype(np.float64)
        assert numbers.mean() == pytest.approx(0, abs=0.01)
        assert numbers.var() == pytest.approx(1, abs=0.015)
        assert stats.skew(numbers) == pytest.approx(0, abs=0.025)
        assert stats.kurtosis(numbers) == pytest.approx(0, abs=0.05)
        assert stats.kstest(numbers, "norm").pvalue > RARE
        assert np.abs(numbers).max() < 4.5


def test_the_table_of_quantiles_is_that_of_the_normal():
    start, rise = normal_table()
    intervals = len(start)
    inner = np.arange(1, intervals)
    np.testing.assert_allclose(start[1:], stats.norm.ppf(inner / intervals), atol=2e-3)
    assert (rise > 0).all()
    end = (start + rise * 2.0 ** (32 - 12)).astype(np.float64)
    assert np.abs(end[:-1] - start[1:]).max() < 1e-5, "each interval ends where the next begins"
    np.testing.assert_allclose(end[::-1], -start, atol=1e-5)


def test_the_table_has_mean_zero_and_variance_one():
    start, rise = (part.astype(np.float64) for part in normal_table())
    width = rise * 2.0 ** (32 - 12)
    mean = (start + width / 2).mean()
    assert mean == pytest.approx(0, abs=1e-6)
    assert (start**2 + start * width + width**2 / 3).mean() - mean**2 == pytest.approx(1, abs=1e-4)


# -- independence ----------------------------------------------------------------------------------------------------


def key_of_day(seed=1, equation="fatigue", day=0) -> int:
    """The key of an equation on a day, as the engine makes it."""
    return splitmix64(key_of(seed, equation) ^ splitmix64(day & WORD))


def people_of(replicate: int) -> np.ndarray:
    """The codes of the same places in another replicate, as the staff makes them."""
    return entity_hash(np.arange(MANY, dtype=np.uint64) | np.uint64(replicate << 32))


NEIGHBOURS = {
    "the next day": (key_of_day(day=1), PEOPLE),
    "the next week": (key_of_day(day=7), PEOPLE),
    "the last day of the burn-in": (key_of_day(day=-1), PEOPLE),
    "another equation": (key_of_day(equation="exhaustion"), PEOPLE),
    "an equation of almost the same name": (key_of_day(equation="fatiguf"), PEOPLE),
    "the next seed": (key_of_day(seed=2), PEOPLE),
    "the next replicate": (key_of_day(), people_of(1)),
}


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_neighbouring_draws_are_independent(neighbour):
    x, y = uniforms(key_of_day(), PEOPLE), uniforms(*NEIGHBOURS[neighbour])
    assert abs(np.corrcoef(x, y)[0, 1]) < 4 / np.sqrt(MANY)
    assert abs(np.corrcoef(x[1:], y[:-1])[0, 1]) < 4 / np.sqrt(MANY)
    assert abs(np.corrcoef(abs(x - 0.5), abs(y - 0.5))[0, 1]) < 4 / np.sqrt(MANY)
    pairs = np.histogram2d(x, y, bins=16, range=[[0, 1], [0, 1]])[0]
    assert stats.chisquare(pairs.ravel()).pvalue > RARE
    assert (x == y).sum() < 10, "numbers do not repeat"


def test_the_days_of_a_month_are_independent_of_one_another():
    rng = np.array([uniforms(key_of_day(day=day), PEOPLE[:50_000]) for day in range(28)])
    between = np.corrcoef(rng)[np.triu_indices(28, 1)]
    assert np.abs(between).max() < 4.5 / np.sqrt(50_000)
    assert between.std() == pytest.approx(1 / np.sqrt(50_000), rel=0.15)


@pytest.mark.parametrize("apart", [1, 2, 17, 1000])
def test_neighbouring_entities_have_independent_draws(apart):
    for entity in (PEOPLE, np.arange(MANY, dtype=np.uint32)):
        x = uniforms(key_of(5), entity)
        assert abs(np.corrcoef(x[apart:], x[:-apart])[0, 1]) < 4 / np.sqrt(MANY)
        pairs = np.histogram2d(x[apart:], x[:-apart], bins=16, range=[[0, 1], [0, 1]])[0]
        assert stats.chisquare(pairs.ravel()).pvalue > RARE


def test_a_year_of_random_numbers_of_one_person_has_no_memory():
    days = [uniforms(key_of_day(day=day), PEOPLE[:500]) for day in range(364)]
    rng = np.array(days) - 0.5
    for lag in (1, 2, 7, 28):
        r = (rng[lag:] * rng[:-lag]).mean() * 12
        assert abs(r) < 4 / np.sqrt(rng[lag:].size)
    means = np.array(days).mean(axis=0)
    assert means.std() == pytest.approx(np.sqrt(1 / 12 / 364), rel=0.12), "nobody has lasting good fortune"


def test_every_bit_of_a_word_is_fair():
    numbers = words(key_of("bits"), PEOPLE)
    for bit in range(32):
        ones = ((numbers >> np.uint32(bit)) & np.uint32(1)).mean()
        assert ones == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(MANY))


def test_words_of_one_key_repeat_no_more_often_than_by_chance():
    numbers = words(key_of("repeats"), np.arange(MANY, dtype=np.uint32))
    assert len(np.unique(numbers)) == MANY, "for one key the words are a bijection of the codes"
