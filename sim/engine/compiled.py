"""Compilation of the kernel to machine code, with a cache on the user's disk.

Each function is a separate module in memory. Its machine code is a signed file, whose name holds a hash of the source,
the primitives, the versions of the libraries and the processor. An edited equation therefore gets another file, and
two processes can only write the same content.
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


def compile_kernel(kernel: Kernel) -> Callable:
    """Return the function `run_days` of a kernel; its first call loads it from the cache or compiles it."""
    with _import_lock:
        return _compile_kernel(kernel)


_import_lock = threading.Lock()
"""Lock for imports: a module is registered before it is complete, so another thread could use it too early."""


def _compile_kernel(kernel: Kernel) -> Callable:
    folder = kernel_cache()
    names = {part: _module_name(text) for part, text in kernel.parts.items()}
    for part, text in kernel.parts.items():
        _set_cache(folder, vars(_load_module(names[part], text))[part])
    imported = "".join(f"from {name} import {part}\n" for part, name in names.items())
    text = f"{IMPORTS}\n{imported}{kernel.driver}"
    run_days = _load_module(_module_name(text), text).run_days
    _set_cache(folder, run_days)
    return Driver(run_days, folder, {name: kernel.parts[part].count("\n") for part, name in names.items()})


class Driver:
    """The driver function of a kernel, loaded or compiled at its first call.

    One process compiles while others of the same user wait for it.
    """

    def __init__(self, run_days: Any, folder: SignedFolder, lines: dict[str, int]):
        """`lines` maps each module to the number of its lines."""
        self._run_days, self._folder, self._lines = run_days, folder, lines
        self._ready = False

    def __call__(self, *arguments: Any) -> None:
        """Call the driver."""
        if not self._ready:
            self._prepare(tuple(self._run_days.typeof_pyval(argument) for argument in arguments))
        self._run_days(*arguments)

    def _prepare(self, types: tuple) -> None:
        if self._folder.read(_file_name(self._run_days, types)) is None:
            with self._folder.lock():
                if self._folder.read(_file_name(self._run_days, types)) is None:
                    self._announce()
                self._run_days.compile(types)
        else:
            self._run_days.compile(types)
        self._ready = True

    def _announce(self) -> None:
        lines = sum(count for name, count in self._lines.items() if not self._folder.has(f"{name}-*"))
        about = max(5, round(lines * SECONDS_A_LINE))
        sys.stderr.write(f"compiling the fused engine, about {about} s, once\n")


class MachineCodeCache(NullCache):
    """Cache of machine code. It replaces numba's own cache, which executes files without a check."""

    def __init__(self, dispatcher: Any, folder: SignedFolder):
        self._dispatcher, self._folder = dispatcher, folder

    def load_overload(self, sig: tuple, target_context: Any) -> Any:
        """Return the machine code for these types of arguments; None where it has to be compiled."""
        target_context.refresh()
        name = _file_name(self._dispatcher, sig)
        content = self._folder.read(name)
        if content is not None:
            try:
                return CompileResult._rebuild(target_context, *pickle.loads(content))
            except Exception as error:  # whatever the reason, the code is compiled again
                _warn_rebuilt(self._folder, f"{type(error).__name__} in {name}")
        elif self._folder.has(name):
            _warn_rebuilt(self._folder, "files were damaged or not written by this user")
        return None

    def save_overload(self, sig: tuple, data: Any) -> None:
        """Store the machine code for these types of arguments."""
        if data.library.has_dynamic_globals:  # they hold addresses of this process
            return
        try:
            self._folder.write(_file_name(self._dispatcher, sig), dumps(data._reduce()))
        except OSError as error:
            warn(
                f"kernel cache {self._folder.folder} cannot be written ({error.strerror}). Compiled code is not stored."
            )


def _warn_rebuilt(folder: SignedFolder, reason: str) -> None:
    warn(f"kernel cache {folder.folder} was rebuilt ({reason})")


def _set_cache(folder: SignedFolder, dispatcher: Any) -> None:
    dispatcher._cache = MachineCodeCache(dispatcher, folder)  # numba offers no other way to replace its cache


def _file_name(dispatcher: Any, types: tuple) -> str:
    signature = hashlib.sha256(repr(types).encode()).hexdigest()
    return f"{dispatcher.py_func.__module__}-{signature[:16]}"


@cache
def _environment() -> str:
    """Return everything, except the source, on which machine code depends."""
    return "\n".join((
        Path(primitives.__file__).read_text(encoding="utf-8"),
        platform.python_version(), np.__version__, numba.__version__, llvmlite.__version__,
        *cpu_target.target_context.codegen().magic_tuple(),
    ))  # fmt: skip


def _module_name(text: str) -> str:
    """Return the name of the module with this source."""
    return "fused_" + hashlib.sha256(f"{_environment()}\n{text}".encode()).hexdigest()[:24]


def _load_module(name: str, text: str) -> ModuleType:
    """Return the module of this name, registered before numba reads the machine code that refers to it."""
    if name not in sys.modules:
        module = ModuleType(name)
        code = compile(text, f"<{name}>", "exec")
        sys.modules[name] = module
        exec(code, vars(module))
    return sys.modules[name]
