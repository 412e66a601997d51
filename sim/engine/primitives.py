"""What the fused kernel is made of: choices, extremes, luck, and access to memory, as numba compiles them.

The compiler can compute several rows at a time only where it knows that what a loop writes is not what it reads for
another row. Two truths tell it so. The arrays of the kernel never overlap. And within one pass, what is read of other
rows or levels ("far") is never what the pass itself writes ("near"); from pass to pass nothing of the kind is promised.
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

ARRAYS = ("state", "rows", "codes", "table", "seen", "brought")
SIDES = ("near", "far")
_SHIFT_8, _SHIFT_13, _SHIFT_15, _SHIFT_16 = np.uint32(8), np.uint32(13), np.uint32(15), np.uint32(16)
_FRACTION_BITS, _FRACTION = np.uint32(20), np.uint32((1 << 20) - 1)
_GRID, _TABLE_GRID = np.float32(2.0**-24), np.float32(2.0**-20)
_FIRST, _SECOND, _THIRD = np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35), np.uint32(0x7FEB352D)
_PERSON = np.uint32(0x9E3779B1)
_GOLDEN, _MIX, _MIX_TOO = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFT_27, _SHIFT_30, _SHIFT_31, _SHIFT_32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


def _choice(typing, condition, yes, no):
    """`yes` where the condition holds, else `no`; both are computed."""
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
    """What `np.maximum` gives: the second of two equals, and nan where either is."""
    return choose(a != a, a, choose(a > b, a, b))


@njit
def minimum(a, b):
    """What `np.minimum` gives."""
    return choose(a != a, a, choose(a < b, a, b))


@njit
def clip(x, low, high):
    """What `np.clip` gives."""
    x = choose(x < low, low, x)
    return choose(x > high, high, x)


sqrt = math.sqrt


def _marked(module, array: str, instruction, side: str = "", number: int = 0) -> None:
    """Tell the compiler which array this access goes to and, for the state, on which side of a pass it is."""
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
            _marked(builder.module, array_name, loaded, side, number)
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
            _marked(builder.module, array_name, builder.store(arguments[4], pointer), side, number)
            return context.get_dummy_value()

        return types.none(array, types.int64, types.int64, types.int64, array.dtype), generate

    return write_in


def state_of_pass(number: int):
    """How the pass of this number in its function reads its own rows, reads others, and writes: near, far, write."""
    return _reader("state", "near", number), _reader("state", "far", number), _writer("state", "near", number)


row_of, code_of, table_at, seen_at, brought_at = (_reader(array) for array in ARRAYS[1:])
show = _writer("seen")


def bringing(width: int):
    """A copy of `width` neighbours at once, from what is seen to what is brought: (seen, brought, from, to)."""

    @intrinsic
    def bring(typing, seen, brought, there, here):
        def generate(context, builder, signature, arguments):
            together = ir.VectorType(ir.FloatType(), width).as_pointer()
            nought = ir.Constant(ir.IntType(64), 0)
            kinds, (source, target, start, end) = signature.args, arguments
            there = _pointer(context, builder, kinds[0], source, start, nought, nought)
            here = _pointer(context, builder, kinds[1], target, end, nought, nought)
            loaded = builder.load(builder.bitcast(there, together), align=4)
            _marked(builder.module, "seen", loaded)
            _marked(builder.module, "brought", builder.store(loaded, builder.bitcast(here, together), align=4))
            return context.get_dummy_value()

        return types.none(seen, brought, types.int64, types.int64), generate

    return bring


@njit
def fmix32(word):
    """The same as `sim.world.random_streams.fmix32`, for one word."""
    word = np.uint32(word ^ (word >> _SHIFT_16))
    word = np.uint32(word * _FIRST)
    word = np.uint32(word ^ (word >> _SHIFT_13))
    word = np.uint32(word * _SECOND)
    return np.uint32(word ^ (word >> _SHIFT_16))


@njit
def word_of(first, second, code):
    """The same as `sim.world.random_streams.words`, for one entity and the two halves of a key."""
    word = np.uint32(fmix32(np.uint32(code ^ first)) + second)
    word = np.uint32(word ^ (word >> _SHIFT_16))
    word = np.uint32(word * _THIRD)
    return np.uint32(word ^ (word >> _SHIFT_15))


@njit
def uniform_of(first, second, code):
    """The same as `sim.world.random_streams.uniforms`, for one entity."""
    return np.float32(np.int32(word_of(first, second, code) >> _SHIFT_8)) * _GRID


@njit
def normal_of(first, second, code, table):
    """The same as `sim.world.random_streams.normals`, for one entity; `table` holds the quantiles."""
    word = word_of(first, second, code)
    interval = np.int64(np.uint32(word >> _FRACTION_BITS))
    start, end = table_at(table, 0, 0, interval), table_at(table, 0, 1, interval)
    return start + (end - start) * _TABLE_GRID * np.float32(np.int32(word & _FRACTION))


@njit
def person_of(place, generation):
    """The same as `sim.world.staff.Staff.person`, for one place."""
    later = fmix32(np.uint32(place + np.uint32(np.uint32(np.int64(generation)) * _PERSON)))
    return choose(generation > np.float32(0), later, place)


@njit
def splitmix64(state):
    """The same as `sim.world.random_streams.splitmix64`."""
    z = np.uint64(state + _GOLDEN)
    z = np.uint64((z ^ (z >> _SHIFT_30)) * _MIX)
    z = np.uint64((z ^ (z >> _SHIFT_27)) * _MIX_TOO)
    return np.uint64(z ^ (z >> _SHIFT_31))


@njit
def turn_keys(keys, day, first, second):
    """Write the two halves of every equation's key of this day."""
    today = splitmix64(np.uint64(day))
    for draw in range(len(keys)):
        key = splitmix64(keys[draw] ^ today)
        first[draw] = np.uint32(key & _LOW)
        second[draw] = np.uint32(key >> _SHIFT_32)
