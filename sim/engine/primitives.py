"""Building blocks of the fused kernel, compiled by numba: choices, extremes, random numbers and memory access.

The compiler can vectorise a loop only if the loop does not write what it reads for another row. Alias scopes state
this: the arrays of the kernel never overlap, and within a pass the reads of other rows or levels ("other_row") never
touch what the pass writes ("own_row"). They state nothing about different passes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

ARRAYS = ("state", "rows", "codes", "table", "published", "gathered")
SIDES = ("own_row", "other_row")
_SHIFT_8, _SHIFT_13, _SHIFT_15, _SHIFT_16 = np.uint32(8), np.uint32(13), np.uint32(15), np.uint32(16)
_FRACTION_BITS, _FRACTION = np.uint32(20), np.uint32((1 << 20) - 1)
_GRID, _TABLE_GRID = np.float32(2.0**-24), np.float32(2.0**-20)
_FIRST, _SECOND, _THIRD = np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35), np.uint32(0x7FEB352D)
_PERSON = np.uint32(0x9E3779B1)
_GOLDEN, _MIX, _MIX_TOO = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFT_27, _SHIFT_30, _SHIFT_31, _SHIFT_32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


def _choice(typing, condition, yes, no):
    """Return `yes` where the condition holds, else `no`; both are computed."""
    if yes != no:
        return None

    def generate(context, builder, signature, arguments):
        holds, one, other = arguments
        if holds.type != ir.IntType(1):
            holds = builder.trunc(holds, ir.IntType(1))
        return builder.select(holds, one, other)

    return yes(types.boolean, yes, yes), generate


choose: Callable[..., Any] = intrinsic(_choice)


@njit
def maximum(a, b):
    """Return what `np.maximum` returns: the second of two equals, and nan where either is nan."""
    return choose(a != a, a, choose(a > b, a, b))


@njit
def minimum(a, b):
    """Return what `np.minimum` returns."""
    return choose(a != a, a, choose(a < b, a, b))


@njit
def clip(x, low, high):
    """Return what `np.clip` returns."""
    x = choose(x < low, low, x)
    return choose(x > high, high, x)


sqrt = math.sqrt


def _set_alias_scope(module, array: str, instruction, side: str = "", number: int = 0) -> None:
    """Set the alias scopes of an access: its array and, for the state, its side of a pass."""
    claims = [("arrays", ARRAYS, array)] + ([(f"pass {number}", SIDES, side)] if side else [])
    own: list = []
    others: list = []
    for name, all_scopes, here in claims:
        domain = module.add_metadata([ir.MetaDataString(module, f"hybridwork {name}")])
        for scope in all_scopes:
            (own if scope == here else others).append(module.add_metadata([ir.MetaDataString(module, scope), domain]))
    instruction.set_metadata("alias.scope", module.add_metadata(own))
    instruction.set_metadata("noalias", module.add_metadata(others))


def _pointer(context, builder, kind, array, base, offset, row):
    data = cgutils.create_struct_proxy(kind)(context, builder, value=array).data
    return builder.gep(data, [builder.add(builder.add(base, row), offset)], inbounds=True)


def _reader(array_name: str, side: str = "", number: int = 0):
    @intrinsic
    def read(typing, array, base, offset, row):
        def generate(context, builder, signature, arguments):
            loaded = builder.load(_pointer(context, builder, signature.args[0], *arguments))
            _set_alias_scope(builder.module, array_name, loaded, side, number)
            return loaded

        return array.dtype(array, types.int64, types.int64, types.int64), generate

    return read


def _writer(array_name: str, side: str = "", number: int = 0):
    @intrinsic
    def write_in(typing, array, base, offset, row, value):
        if value != array.dtype:
            return None

        def generate(context, builder, signature, arguments):
            pointer = _pointer(context, builder, signature.args[0], *arguments[:4])
            _set_alias_scope(builder.module, array_name, builder.store(arguments[4], pointer), side, number)
            return context.get_dummy_value()

        return types.none(array, types.int64, types.int64, types.int64, array.dtype), generate

    return write_in


def state_access(number: int):
    """Return the readers of own and of other rows and the writer of one pass of a function."""
    return (
        _reader("state", "own_row", number),
        _reader("state", "other_row", number),
        _writer("state", "own_row", number),
    )


row_of, code_of, table_at, published_at, gathered_at = (_reader(array) for array in ARRAYS[1:])
publish = _writer("published")


def gather_function(width: int):
    """Return a function that copies `width` adjacent numbers from the published to the gathered values."""

    @intrinsic
    def gather(typing, published, gathered, there, here):
        def generate(context, builder, signature, arguments):
            together = ir.VectorType(ir.FloatType(), width).as_pointer()
            zero = ir.Constant(ir.IntType(64), 0)
            kinds, (source, target, start, end) = signature.args, arguments
            there = _pointer(context, builder, kinds[0], source, start, zero, zero)
            here = _pointer(context, builder, kinds[1], target, end, zero, zero)
            loaded = builder.load(builder.bitcast(there, together), align=4)
            _set_alias_scope(builder.module, "published", loaded)
            _set_alias_scope(
                builder.module, "gathered", builder.store(loaded, builder.bitcast(here, together), align=4)
            )
            return context.get_dummy_value()

        return types.none(published, gathered, types.int64, types.int64), generate

    return gather


@njit
def fmix32(word):
    """Compute the same as `sim.world.random_streams.fmix32`, for one word."""
    word = np.uint32(word ^ (word >> _SHIFT_16))
    word = np.uint32(word * _FIRST)
    word = np.uint32(word ^ (word >> _SHIFT_13))
    word = np.uint32(word * _SECOND)
    return np.uint32(word ^ (word >> _SHIFT_16))


@njit
def word_of(first, second, code):
    """Compute the same as `sim.world.random_streams.words`, for one entity and the two halves of a key."""
    word = np.uint32(fmix32(np.uint32(code ^ first)) + second)
    word = np.uint32(word ^ (word >> _SHIFT_16))
    word = np.uint32(word * _THIRD)
    return np.uint32(word ^ (word >> _SHIFT_15))


@njit
def uniform_of(first, second, code):
    """Compute the same as `sim.world.random_streams.uniforms`, for one entity."""
    return np.float32(np.int32(word_of(first, second, code) >> _SHIFT_8)) * _GRID


@njit
def normal_of(first, second, code, table):
    """Compute the same as `sim.world.random_streams.normals`, for one entity; `table` holds the quantiles."""
    word = word_of(first, second, code)
    interval = np.int64(np.uint32(word >> _FRACTION_BITS))
    start, end = table_at(table, 0, 0, interval), table_at(table, 0, 1, interval)
    return start + (end - start) * _TABLE_GRID * np.float32(np.int32(word & _FRACTION))


@njit
def person_of(place, generation):
    """Compute the same as `sim.world.staff.Staff.person`, for one place."""
    later = fmix32(np.uint32(place + np.uint32(np.uint32(np.int64(generation)) * _PERSON)))
    return choose(generation > np.float32(0), later, place)


@njit
def splitmix64(state):
    """Compute the same as `sim.world.random_streams.splitmix64`."""
    z = np.uint64(state + _GOLDEN)
    z = np.uint64((z ^ (z >> _SHIFT_30)) * _MIX)
    z = np.uint64((z ^ (z >> _SHIFT_27)) * _MIX_TOO)
    return np.uint64(z ^ (z >> _SHIFT_31))


@njit
def set_day_keys(keys, day, first, second):
    """Write the two halves of the key of every random stream on this day."""
    today = splitmix64(np.uint64(day))
    for draw in range(len(keys)):
        key = splitmix64(keys[draw] ^ today)
        first[draw] = np.uint32(key & _LOW)
        second[draw] = np.uint32(key >> _SHIFT_32)
