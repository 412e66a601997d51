"""The kernel cache: only code that this user's runs wrote is executed, and a damaged cache stops no run."""

from __future__ import annotations

import os
import pickle
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")

from sim.engine import compiled as compiling
from sim.engine import kernel_cache
from sim.engine.codegen import Kernel
from sim.engine.kernel_cache import SignedFolder, private_folder, signing_key

PART = "from numba import njit\n\n\n@njit\ndef twice(x):\n    return 2.0 * x\n"
KERNEL = Kernel({"twice": PART}, "@njit\ndef run_days(x):\n    x[0] = twice(x[0])\n", 1)
posix = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The folder of a kernel cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    _as_in_a_new_process()
    yield tmp_path / "cache" / "hybridwork" / "kernels"
    _as_in_a_new_process()


def _as_in_a_new_process() -> None:
    kernel_cache.kernel_cache.cache_clear()
    kernel_cache.warn.cache_clear()
    for name in [name for name in sys.modules if name.startswith("fused_")]:
        if hasattr(sys.modules[name], "twice"):
            del sys.modules[name]


def run(capfd) -> list[str]:
    """Run the kernel as a new process would; returns the lines on stderr."""
    _as_in_a_new_process()
    capfd.readouterr()
    numbers = np.array([3.0])
    compiling.compile_kernel(KERNEL)(numbers)
    assert numbers[0] == 6.0
    return capfd.readouterr().err.splitlines()


def files_in(folder: Path) -> list[Path]:
    files = sorted(folder.glob("fused_*"))
    assert len(files) == 2
    return files


class Executed:
    """Content of a forged file: unpickling it creates a file."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


def _change_one_bit(file: Path, mark: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


def _exchange_content(file: Path, mark: Path) -> None:
    originals = mark.with_name("originals")
    if not originals.exists():
        shutil.copytree(file.parent, originals)
    shutil.copy(next(other for other in files_in(originals) if other.name != file.name), file)


DAMAGES = {
    "empty": lambda file, mark: file.write_bytes(b""),
    "cut in the digest": lambda file, mark: file.write_bytes(file.read_bytes()[:20]),
    "cut in the content": lambda file, mark: file.write_bytes(file.read_bytes()[:-1]),
    "one bit changed": _change_one_bit,
    "a pickle of another user": lambda file, mark: file.write_bytes(pickle.dumps(Executed(mark))),
    "a pickle signed with another key": lambda file, mark: SignedFolder(file.parent, b"k" * 32).write(
        file.name, pickle.dumps(Executed(mark))
    ),
    "the content of the other file": _exchange_content,
}


def test_compiled_code_is_stored_and_read_again(folder, capfd):
    assert [line.split(",")[0] for line in run(capfd)] == ["compiling the fused engine"]
    files_in(folder)
    assert run(capfd) == []


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_or_forged_file_is_compiled_again_with_a_message(damage, folder, tmp_path, capfd):
    run(capfd)
    mark = tmp_path / "executed"
    for file in files_in(folder)[::-1]:
        damage(file, mark)
    lines = run(capfd)
    assert not mark.exists()
    assert [line for line in lines if str(folder) in line and "rebuilt" in line] == lines[1:]
    assert len(lines) == 2
    assert run(capfd) == []


@pytest.mark.parametrize("length", range(0, 132, 3))
def test_a_signed_file_cut_at_any_length_counts_as_missing(length, tmp_path):
    signed = SignedFolder(tmp_path, b"k" * 32)
    signed.write("code", bytes(100))
    assert signed.read("code") == bytes(100)
    whole = (tmp_path / "code").read_bytes()
    (tmp_path / "code").write_bytes(whole[:length])
    assert length < len(whole)
    assert signed.read("code") is None


def test_a_signed_file_that_is_correct_but_cannot_be_read_back_is_compiled_again(folder, tmp_path, capfd):
    run(capfd)
    for file in files_in(folder):
        SignedFolder(folder, signing_key(tmp_path / "state" / "hybridwork")).write(file.name, b"no pickle")
    assert any(str(folder) in line for line in run(capfd))
    assert run(capfd) == []


def test_modules_and_numba_files_put_into_the_folder_are_not_read(folder, tmp_path, capfd):
    run(capfd)
    mark = tmp_path / "executed"
    for name in {file.name.split("-")[0] for file in files_in(folder)}:
        text = f"import pathlib; pathlib.Path({str(mark)!r}).touch()"
        (folder / f"{name}.py").write_text(text)
        (folder / "__pycache__").mkdir(exist_ok=True)
        for kind in ("run_days-4.py311.nbi", "run_days-4.py311.1.nbc", "twice-4.py311.nbi"):
            (folder / "__pycache__" / f"{name}.{kind}").write_bytes(pickle.dumps(Executed(mark)))
    assert run(capfd) == []
    assert not mark.exists()


def test_a_folder_copied_from_another_user_is_not_trusted(folder, tmp_path, capfd, monkeypatch):
    run(capfd)
    shutil.copytree(tmp_path / "cache", tmp_path / "copied")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "copied"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state of another user"))
    assert any(str(tmp_path / "copied") in line and "rebuilt" in line for line in run(capfd))
    assert run(capfd) == []


@pytest.mark.parametrize("damage", [b"", b"k" * 31, b"k" * 33])
def test_a_damaged_key_is_replaced_and_the_cache_rebuilt(damage, folder, tmp_path, capfd):
    run(capfd)
    (tmp_path / "state" / "hybridwork" / "kernels.key").write_bytes(damage)
    assert any("rebuilt" in line for line in run(capfd))
    assert run(capfd) == []


@posix
def test_a_key_that_others_can_read_is_replaced(tmp_path):
    key = signing_key(tmp_path)
    assert signing_key(tmp_path) == key
    (tmp_path / "kernels.key").chmod(0o644)
    assert signing_key(tmp_path) != key
    assert stat.S_IMODE((tmp_path / "kernels.key").stat().st_mode) == 0o600


@posix
def test_folder_and_files_are_private(folder, tmp_path, capfd):
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    run(capfd)
    private = [folder, folder.parent, tmp_path / "state" / "hybridwork", *files_in(folder)]
    assert [path for path in private if path.stat().st_mode & 0o077] == []


@posix
def test_a_link_or_the_folder_of_another_user_is_refused(tmp_path, monkeypatch):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "theirs")
    with pytest.raises(OSError, match="linked is a symbolic link"):
        private_folder(tmp_path / "linked")
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(OSError, match="belongs to another user"):
        private_folder(tmp_path / "theirs")


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "XDG_STATE_HOME"])
def test_without_a_writable_home_processes_share_a_temporary_folder_and_say_so(
    variable, folder, tmp_path, capfd, monkeypatch
):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(variable, str(tmp_path / "file"))
    first, again = run(capfd), run(capfd)
    assert [line.startswith("hybridwork: kernel cache ") for line in first] == [True, False]
    assert again == first[:1]
    assert str(folder if variable == "XDG_STATE_HOME" else tmp_path / "file") in first[0]
    assert str(tmp_path / f"hybridwork-{os.getuid()}") in first[0]


def test_without_a_home_and_a_temporary_folder_every_process_compiles(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home directory")))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    (tmp_path / f"hybridwork-{os.getuid()}").write_text("somebody was here first")
    assert "no home directory" in run(capfd)[0]
    assert "compiling" in run(capfd)[1]


def test_a_full_disk_stops_the_cache_and_not_the_run(folder, capfd, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(SignedFolder, "write", full)
    lines = run(capfd)
    assert f"kernel cache {folder} cannot be written (No space left on device)" in lines[1]


BOTH = """
import sys
import numpy as np
sys.path.insert(0, {tests!r})
from test_kernel_cache import KERNEL, compiling
numbers = np.array([3.0])
compiling.compile_kernel(KERNEL)(numbers)
print(numbers[0])
"""


def test_one_of_several_simultaneous_processes_compiles(folder):
    command = [sys.executable, "-c", BOTH.format(tests=str(Path(__file__).parent))]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    outputs = [process.communicate() for process in [subprocess.Popen(command, **pipes) for _ in range(2)]]
    assert [out.strip() for out, _ in outputs] == ["6.0", "6.0"]
    assert sum("compiling" in errors for _, errors in outputs) == 1
