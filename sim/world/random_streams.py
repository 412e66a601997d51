"""Random numbers without a state: every draw is a function of person, day and purpose.

A draw is `f(seed, replicate, entity, day, stream)`. Another mechanism, scenario, order of rows or number of workers
therefore never changes a random number, and two worlds that differ in one measure share all other random events (common
random numbers).

SplitMix64 (Steele, Lea and Flood 2014) combines seed, day and stream into one 64-bit key, once per equation and day.
The finaliser of MurmurHash3 (Appleby 2011), applied to the entity's 32-bit code with each half of that key, gives one
32-bit word per entity. Uniforms are its upper 24 bits. Normals interpolate a committed
table of quantiles, so that they are the same to the bit on every processor; they lie within ±3.97.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

import numpy as np

_WORD = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_INTERVAL_BITS = 12
_FRACTION_BITS = 32 - _INTERVAL_BITS
_AT_A_TIME = 1 << 15
"""Entities processed at a time, so that their words stay in the processor's cache."""

# Zero-dimensional arrays, which numpy reads faster than its scalars.
_FIRST, _SECOND, _THIRD = (np.array(factor, np.uint32) for factor in (0x85EBCA6B, 0xC2B2AE35, 0x7FEB352D))
_BY_8, _BY_13, _BY_15, _BY_16, _BY_20 = (np.array(shift, np.uint32) for shift in (8, 13, 15, 16, _FRACTION_BITS))
_FRACTION = np.array((1 << _FRACTION_BITS) - 1, np.uint32)
_GRID = np.array(2.0**-24, np.float32)


def splitmix64(state: int) -> int:
    """Return one output of SplitMix64 for a 64-bit state (the state is advanced first, as in the reference code)."""
    z = (state + _GOLDEN) & _WORD
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _WORD
    return z ^ (z >> 31)


def fnv1a64(text: str) -> int:
    """Return the 64-bit FNV-1a hash of a text."""
    code = 0xCBF29CE484222325
    for byte in text.encode():
        code = ((code ^ byte) * 0x100000001B3) & _WORD
    return code


@cache
def _cached_hash(text: str) -> int:
    return fnv1a64(text)


def key_of(*parts: int | str) -> int:
    """Combine integers and names into one 64-bit key; the order of the parts matters."""
    key = 0
    for part in parts:
        number = _cached_hash(part) if isinstance(part, str) else part & _WORD
        key = splitmix64(key ^ splitmix64(number))
    return key


def stream_key(seed: int, stream: str) -> int:
    """Return the 64-bit key of the random stream with this id, whose parts are separated by points."""
    return key_of(seed, *stream.split("."))


def fmix32(word: np.ndarray) -> np.ndarray:
    """Compute the 32-bit finaliser of MurmurHash3 elementwise, a bijection on uint32."""
    mixed = np.array(word, np.uint32)
    _mix(mixed, np.empty_like(mixed))
    return mixed


def _mix(word: np.ndarray, spare: np.ndarray) -> None:
    """Compute `fmix32` in place."""
    _fold(word, _BY_16, spare)
    np.multiply(word, _FIRST, word)
    _fold(word, _BY_13, spare)
    np.multiply(word, _SECOND, word)
    _fold(word, _BY_16, spare)


def _fold(word: np.ndarray, shift: np.ndarray, spare: np.ndarray) -> None:
    """Xor each word with itself shifted right, in place."""
    np.right_shift(word, shift, spare)
    np.bitwise_xor(word, spare, word)


def entity_hash(identifiers: np.ndarray, salt: int = 0) -> np.ndarray:
    """Return a 32-bit hash of each identifier (uint32 or uint64, any shape), different for each salt."""
    wide = np.asarray(identifiers).astype(np.uint64)
    low = (wide & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    high = (wide >> np.uint64(32)).astype(np.uint32)
    first, second = _halves(key_of("entity", salt))
    return fmix32(fmix32(low ^ first) + fmix32(high ^ second))


def _halves(key: int) -> tuple[np.ndarray, np.ndarray]:
    return np.array(key & 0xFFFFFFFF, np.uint32), np.array(key >> 32, np.uint32)


def words(key: int, entity: np.ndarray) -> np.ndarray:
    """Return one 32-bit word per entity code (uint32, any shape)."""
    numbers = np.empty(entity.shape, np.uint32)
    for part, codes in _in_parts(numbers, entity):
        part[:] = _words(key, codes)[0]
    return numbers


def uniforms(key: int, entity: np.ndarray) -> np.ndarray:
    """Return one float32 in [0, 1) per entity code, on a grid of 2**-24."""
    numbers = np.empty(entity.shape, np.float32)
    for part, codes in _in_parts(numbers, entity):
        word, spare = _words(key, codes)
        np.right_shift(word, _BY_8, spare)
        np.multiply(spare.astype(np.float32), _GRID, part)
    return numbers


def normals(key: int, entity: np.ndarray) -> np.ndarray:
    """Return one float32 standard normal per entity code, by linear interpolation in a table of quantiles."""
    start, rise = normal_table()
    numbers = np.empty(entity.shape, np.float32)
    for part, codes in _in_parts(numbers, entity):
        word, spare = _words(key, codes)
        interval = np.right_shift(word, _BY_20, spare).astype(np.intp)
        np.bitwise_and(word, _FRACTION, word)
        np.multiply(rise.take(interval, mode="wrap"), word.astype(np.float32), part)
        np.add(start.take(interval, mode="wrap"), part, part)
    return numbers


def _in_parts(numbers: np.ndarray, entity: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield flat parts of the result and of the entity codes."""
    flat, codes = numbers.reshape(-1), entity.reshape(-1)
    for first in range(0, len(codes), _AT_A_TIME):
        yield flat[first : first + _AT_A_TIME], codes[first : first + _AT_A_TIME]


def _words(key: int, entity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return words for these entities, and a work array of the same size."""
    first, second = _halves(key)
    word = np.bitwise_xor(entity, first)
    spare = np.empty_like(word)
    _mix(word, spare)
    np.add(word, second, word)
    _fold(word, _BY_16, spare)
    np.multiply(word, _THIRD, word)
    _fold(word, _BY_15, spare)
    return word, spare


@cache
def normal_quantiles() -> np.ndarray:
    """Return the limits of 4,096 equally likely intervals of the normal distribution, float32 (4097,)."""
    return np.load(files("sim.data").joinpath("normal_quantiles.npy").open("rb"))


@cache
def normal_table() -> tuple[np.ndarray, np.ndarray]:
    """Return the start and the width of each interval of the normal distribution."""
    quantiles = normal_quantiles()
    rise = (quantiles[1:] - quantiles[:-1]) * np.float32(2.0**-_FRACTION_BITS)
    return quantiles[:-1], rise
