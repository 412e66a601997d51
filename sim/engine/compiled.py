"""The kernel as machine code: compiled once, kept in the user's cache, and never stale.

Each function is a module of its own, made from its text in memory. Its machine code is a signed file whose name holds
the hash of the text, of the primitives it calls, of the libraries' versions and of the processor it is compiled for.
Another text is another file, so an edited equation is compiled again, and two processes can only write the same.
"""

from __future__ import annotations

import hashlib
import pickle
import platform
import sys
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import llvmlite
import numba
import numpy as np
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.registry import cpu_target
from numba.core.serialize import dumps

from sim.engine import primitives
from sim.engine.codegen import IMPORTS, Kernel
from sim.engine.kernel_cache import SignedFolder, kernel_cache, warn

SECONDS_A_LINE = 0.007


def compiled(kernel: Kernel) -> Callable:
    """The function `live` of a kernel; compiles it at its first call where this machine has not yet done so."""
    with _one_at_a_time:
        return _compiled(kernel)


_one_at_a_time = threading.Lock()
"""A module is known to the interpreter before it is whole, so that another thread might meet half of it."""


def _compiled(kernel: Kernel) -> Callable:
    folder = kernel_cache()
    names = {part: _name(text) for part, text in kernel.parts.items()}
    for part, text in kernel.parts.items():
        _keep_in(folder, vars(_module(names[part], text))[part])
    imported = "".join(f"from {name} import {part}\n" for part, name in names.items())
    text = f"{IMPORTS}\n{imported}{kernel.driver}"
    live = _module(_name(text), text).live
    _keep_in(folder, live)
    return Driver(live, folder, {name: kernel.parts[part].count("\n") for part, name in names.items()})


class Driver:
    """The function that calls all others; at its first call it loads its machine code or has it compiled.

    One process compiles while others of the same user wait for it.
    """

    def __init__(self, live: Any, folder: SignedFolder, lines: dict[str, int]):
        """`lines` says how long the text of each part is."""
        self._live, self._folder, self._lines = live, folder, lines
        self._ready = False

    def __call__(self, *arguments: Any) -> None:
        """Call the function."""
        if not self._ready:
            self._prepare(tuple(self._live.typeof_pyval(argument) for argument in arguments))
        self._live(*arguments)

    def _prepare(self, types: tuple) -> None:
        if self._folder.read(_file_name(self._live, types)) is None:
            with self._folder.lock():
                if self._folder.read(_file_name(self._live, types)) is None:
                    self._announce()
                self._live.compile(types)
        else:
            self._live.compile(types)
        self._ready = True

    def _announce(self) -> None:
        lines = sum(count for name, count in self._lines.items() if not self._folder.has(f"{name}-*"))
        about = max(5, round(lines * SECONDS_A_LINE))
        sys.stderr.write(f"compiling the fused engine, about {about} s, once\n")


class MachineCode(NullCache):
    """Where numba looks for a function's machine code before it compiles, and puts it afterwards.

    It takes the place of numba's own cache, whose files are executed without a check.
    """

    def __init__(self, dispatcher: Any, folder: SignedFolder):
        self._dispatcher, self._folder = dispatcher, folder

    def load_overload(self, sig: tuple, target_context: Any) -> Any:
        """The machine code for these types of arguments; None where it has to be compiled."""
        target_context.refresh()
        name = _file_name(self._dispatcher, sig)
        content = self._folder.read(name)
        if content is not None:
            try:
                return CompileResult._rebuild(target_context, *pickle.loads(content))
            except Exception as error:  # whatever is wrong with a file of the cache, it can be compiled again
                _say_rebuilt(self._folder, f"{type(error).__name__} in {name}")
        elif self._folder.has(name):
            _say_rebuilt(self._folder, "files were damaged or not written by this user")
        return None

    def save_overload(self, sig: tuple, data: Any) -> None:
        """Keep what has just been compiled for these types of arguments."""
        if data.library.has_dynamic_globals:  # addresses of this process
            return
        try:
            self._folder.write(_file_name(self._dispatcher, sig), dumps(data._reduce()))
        except OSError as error:
            warn(f"kernel cache {self._folder.folder} cannot be written ({error.strerror}); nothing is kept there")


def _say_rebuilt(folder: SignedFolder, reason: str) -> None:
    warn(f"kernel cache {folder.folder} was rebuilt ({reason})")


def _keep_in(folder: SignedFolder, dispatcher: Any) -> None:
    dispatcher._cache = MachineCode(dispatcher, folder)  # numba offers no other way to replace its cache


def _file_name(dispatcher: Any, types: tuple) -> str:
    signature = hashlib.sha256(repr(types).encode()).hexdigest()
    return f"{dispatcher.py_func.__module__}-{signature[:16]}"


@cache
def _surroundings() -> str:
    """Everything beside its text that a kernel's machine code depends on."""
    return "\n".join((
        Path(primitives.__file__).read_text(encoding="utf-8"),
        platform.python_version(), np.__version__, numba.__version__, llvmlite.__version__,
        *cpu_target.target_context.codegen().magic_tuple(),
    ))  # fmt: skip


def _name(text: str) -> str:
    """The name of the module with this text."""
    return "fused_" + hashlib.sha256(f"{_surroundings()}\n{text}".encode()).hexdigest()[:24]


def _module(name: str, text: str) -> ModuleType:
    """The module of this name, made from its text; the interpreter knows it before its machine code is read."""
    if name not in sys.modules:
        module = ModuleType(name)
        code = compile(text, f"<{name}>", "exec")
        sys.modules[name] = module
        exec(code, vars(module))
    return sys.modules[name]
