"""The kernel as machine code: compiled once, kept in the user's cache, and never stale.

Each function stands in a file whose name is the hash of its text, of the primitives it calls, of the libraries'
versions and of the processor it is compiled for. Another text is another file, so an edited equation is always
compiled anew, and two processes can only write the same.
"""

from __future__ import annotations

import atexit
import hashlib
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

import llvmlite
import numba
import numpy as np
from numba.core.registry import cpu_target

from sim.engine import primitives
from sim.engine.kernel import IMPORTS, Kernel

SECONDS_A_LINE = 0.007


def compiled(kernel: Kernel) -> Callable:
    """The function `live` of a kernel; compiles it at its first call where this machine has not yet done so."""
    with _one_at_a_time:
        return _compiled(kernel)


_one_at_a_time = threading.Lock()
"""A module is known to the interpreter before it is whole, so that another thread might meet half of it."""


def _compiled(kernel: Kernel) -> Callable:
    folder = cache_folder()
    names = {part: _written(folder, text) for part, text in kernel.parts.items()}
    imported = "".join(f"from {name} import {part}\n" for part, name in names.items())
    driver = _written(folder, f"{IMPORTS}\n{imported}{kernel.driver}")
    for name in names.values():
        _loaded(folder, name)
    module = _loaded(folder, driver)
    if not any((folder / "__pycache__").glob(f"{driver}.live-*.nbi")):
        _announce(folder, kernel, names)
    return module.live


def _announce(folder: Path, kernel: Kernel, names: dict[str, str]) -> None:
    known = {path.name.split(".")[0] for path in (folder / "__pycache__").glob("*.nbi")}
    lines = sum(text.count("\n") for part, text in kernel.parts.items() if names[part] not in known)
    about = max(5, round(lines * SECONDS_A_LINE))
    sys.stderr.write(f"compiling the fused engine, about {about} s, once\n")


@cache
def cache_folder() -> Path:
    """Where compiled kernels are kept: the user's cache, or a folder for this process where that cannot be written."""
    try:
        home = os.environ.get("XDG_CACHE_HOME")
        folder = (Path(home) if home else Path.home() / ".cache") / "hybridwork" / "kernels"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except (OSError, RuntimeError):
        folder = Path(tempfile.mkdtemp(prefix="hybridwork-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return folder


@cache
def _surroundings() -> str:
    """Everything beside its text that a kernel's machine code depends on."""
    return "\n".join((
        Path(primitives.__file__).read_text(encoding="utf-8"),
        platform.python_version(), np.__version__, numba.__version__, llvmlite.__version__,
        *cpu_target.target_context.codegen().magic_tuple(),
    ))  # fmt: skip


def _written(folder: Path, text: str) -> str:
    """Write a module under the name of its hash, unless it is there; returns the name."""
    name = "fused_" + hashlib.sha256(f"{_surroundings()}\n{text}".encode()).hexdigest()[:24]
    path = folder / f"{name}.py"
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".part", delete=False, encoding="utf-8") as file:
            file.write(text)
        os.replace(file.name, path)
    return name


def _loaded(folder: Path, name: str) -> ModuleType:
    """The module of this name, known to the interpreter before its machine code is looked for."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]
