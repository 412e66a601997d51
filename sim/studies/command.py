"""The command line of a study: Hydra's flags and overrides in, an exit code and a line about a mistake out."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from sim.errors import UserError
from sim.studies.configure import VERSION_BASE, conf_folder, explanation, prepare, written

_FLAGS = ("--help", "-h", "--hydra-help", "--resolve", "--run", "-r", "--multirun", "-m", "--shell-completion", "-sc")
_FLAGS_WITH_VALUE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("--cfg", "-c"), ("job", "hydra", "all")),
    **dict.fromkeys(("--info", "-i"), ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")),
    **dict.fromkeys(("--package", "-p", "--config-dir", "-cd"), ()),
}


def command(study: Callable[[DictConfig], None], name: str, argv: Sequence[str], group: str | None = None) -> int:
    """Run a study as the command `name` with Hydra's overrides and flags; return the exit code.

    `group` is the option of `conf/study` with the settings that this study has beside those of every study.

    0: fine. 2: a mistake in what was asked, told in one line. 130: interrupted. With HYDRA_FULL_ERROR=1 in the
    environment an error shows where it came from instead.
    """
    if os.environ.get("HYDRA_FULL_ERROR") == "1":
        _run_with_hydra(study, name, argv, group)
        return 0
    try:
        with _environment("HYDRA_FULL_ERROR", "1"), _terminated_as_interrupted():
            _run_with_hydra(study, name, argv, group)
    except KeyboardInterrupt as stop:
        return told(str(stop) or "interrupted; nothing of this run is kept", 130)
    except Exception as error:
        line = explanation(error)
        if line is None:
            raise
        return told(line, 2)
    return 0


def told(line: str, code: int) -> int:
    """Print one line about what went wrong; return the exit code."""
    print(f"hybridwork: {line}", file=sys.stderr)
    return code


def _run_with_hydra(study: Callable[[DictConfig], None], name: str, argv: Sequence[str], group: str | None) -> None:
    flags, overrides = _sorted_words(argv)
    if group is not None:
        overrides.insert(0, f"+study={group}")
    prepare(*_given_folders(flags))
    mistakes: list[UserError] = []
    task = hydra.main(str(conf_folder()), "config", version_base=VERSION_BASE)(_keeping(study, mistakes))
    with TemporaryDirectory(prefix="hybridwork-") as sweep:
        own = [f"hydra.job.name={name}", *_sweep_folder(flags, overrides, sweep)]
        with _arguments([*flags, *overrides, *own]), _no_trace_of_a_job():
            task()
    if mistakes:
        raise mistakes[0]


@contextmanager
def _no_trace_of_a_job() -> Iterator[None]:
    """Let Hydra forget the job when it has ended, which it does not where it only shows a configuration."""
    before = HydraConfig.instance().cfg
    try:
        yield
    finally:
        HydraConfig.instance().cfg = before


def _keeping(study: Callable[[DictConfig], None], mistakes: list[UserError]) -> Callable[[DictConfig], None]:
    """The study, with mistakes kept for `command`, since Hydra would print lines of its own about them."""
    home = os.getpid()

    def task(cfg: DictConfig) -> None:
        try:
            study(cfg)
        except BrokenPipeError:
            # The reader of the output has seen enough, as in `hybridwork sweep | head`.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except Exception as error:
            line = explanation(error)
            if line is None or os.getpid() != home:
                raise
            mistakes.append(UserError(line))

    return task


def _sweep_folder(flags: Sequence[str], overrides: Sequence[str], folder: str) -> list[str]:
    """Hydra insists on writing a file about a multirun; studies keep what is in it, so it goes where it is removed.

    Jobs of a cluster find their work and leave their logs there, so for them it stays, beside the studies.
    """
    given = dict(override.split("=", 1) for override in overrides if "=" in override)
    if not {"-m", "--multirun"} & set(flags) or "hydra.sweep.dir" in given:
        return []
    if given.get("hydra/launcher", "").startswith("submitit"):
        folder = str(Path(given.get("output", "outputs")).resolve() / "jobs" / f"{datetime.now():%Y-%m-%d_%H-%M-%S}")
    return [f"hydra.sweep.dir={written(folder)}"]


def _sorted_words(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Flags with their values, and overrides: Hydra wants the one before the other, people write them as they come."""
    flags: list[str] = []
    overrides: list[str] = []
    words = iter(argv)
    for word in words:
        flag, equals, value = word.partition("=")
        if not word.startswith("-"):
            overrides.append(word)
        elif flag in _FLAGS_WITH_VALUE:
            flags += [flag, _checked_value(flag, value if equals else next(words, ""))]
        elif word in _FLAGS:
            flags.append(word)
        else:
            bare = word.lstrip("-").replace("-", "_")
            raise UserError(f"'{word}' is no flag; settings are written without dashes, as in {bare or 'weeks=52'}")
    return flags, overrides


def _checked_value(flag: str, value: str) -> str:
    allowed = _FLAGS_WITH_VALUE[flag]
    if not value or (allowed and value not in allowed):
        raise UserError(f"{flag} is followed by '{value}'; {' or '.join(allowed) or 'a name'} is right")
    return value


def _given_folders(flags: Sequence[str]) -> tuple[Path, ...]:
    """The folder that follows `--config-dir`, so that its measures are known before Hydra composes."""
    given = [Path(flags[place + 1]).resolve() for place, f in enumerate(flags) if f in ("--config-dir", "-cd")]
    for folder in given:
        if not folder.is_dir():
            raise UserError(f"--config-dir {folder} is no folder; give one like conf/")
    return tuple(given)


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """A request to end, as `kill` and schedulers send it, is answered like Ctrl-C: what is unfinished is removed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _arguments(argv: Sequence[str]) -> Iterator[None]:
    """Hydra reads its arguments from the process."""
    before = sys.argv
    sys.argv = [before[0], *argv]
    try:
        yield
    finally:
        sys.argv = before


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
