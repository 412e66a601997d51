"""The command line of studies: it parses Hydra's flags and overrides and returns an exit code."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout, suppress
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hydra import version
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path, get_args_parser
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from sim.config.command_settings import check_read
from sim.config.composition import VERSION_BASE, check_values, forget_files, overrides_of_job, prepare
from sim.config.default_settings import conf_folder, groups
from sim.config.error_messages import composing, exit_code, explain_error
from sim.config.folder import PRIMARY, check_folder
from sim.config.overrides import format_override, read_overrides
from sim.config.plan_builder import unread_note
from sim.config.provenance import complete_settings
from sim.errors import UserError, accept_every_character, invalid, print_error
from sim.paths import read_path

_FLAGS = ("--hydra-help", "--resolve", "--run", "-r", "--multirun", "-m", "--shell-completion", "-sc")
_FLAGS_WITH_VALUE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("--cfg", "-c"), ("job", "hydra", "all")),
    **dict.fromkeys(("--info", "-i"), ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")),
    **dict.fromkeys(("--package", "-p", "--config-dir", "-cd"), ()),
}


@dataclass(frozen=True)
class JobFailure:
    """A failed job of a multirun, with the settings in which it differs from the other jobs."""

    settings: tuple[str, ...]
    error: Exception


class _Task:
    """A study as a task of Hydra, in this or another process; a failure is returned, so that other jobs continue.

    `constant` are the overrides that all jobs of the command share; None where the command is one job.
    """

    def __init__(self, study: Callable[[DictConfig], None], constant: Iterable[str] | None = None):
        self.study = study
        self.constant = None if constant is None else frozenset(constant)

    def __call__(self, cfg: DictConfig) -> JobFailure | None:
        accept_every_character()
        own = self._own_settings()
        try:
            check_values(cfg)
            check_read(cfg)
            _note_unread(cfg)
            with _under(f"# {' '.join(own)}") if own else nullcontext():
                self.study(complete_settings(cfg, overrides_of_job()))
        except Exception as error:
            line = explain_error(error)  # only the text, since not every error can be sent between processes
            return JobFailure(own, error if line is None or isinstance(error, BrokenPipeError) else UserError(line))
        return None

    def _own_settings(self) -> tuple[str, ...]:
        if self.constant is None:
            return ()
        task_overrides = HydraConfig.get().overrides.task
        return tuple(word for word in task_overrides if word not in self.constant) or tuple(task_overrides)


@contextmanager
def _under(heading: str) -> Iterator[None]:
    """Collect what a job prints and print it under a heading, since jobs may run at the same time."""
    printed = StringIO()
    try:
        with redirect_stdout(printed):
            yield
    finally:
        if printed.getvalue():
            print(f"{heading}\n{printed.getvalue()}", end="", flush=True)


def _note_unread(cfg: DictConfig) -> None:
    """Report settings that change no result on stderr; the study itself reports invalid settings."""
    with suppress(UserError):
        note = unread_note(cfg)
        if note is not None:
            print_error(note)


def command(study: Callable[[DictConfig], None], name: str, argv: Sequence[str], group: str | None = None) -> int:
    """Run a study as the command `name` with overrides and flags of Hydra; return the exit code.

    `group` is the option of `conf/study` with the settings that only this study has. The exit code is 0 for success, 2
    for a mistake of the user, which is printed in one line, and 130 for an interruption. With HYDRA_FULL_ERROR=1 in the
    environment, errors are raised instead.
    """
    with _terminated_as_interrupted():
        return exit_code(lambda: _run_with_hydra(study, name, argv, group))


def _run_with_hydra(study: Callable[[DictConfig], None], name: str, argv: Sequence[str], group: str | None) -> int:
    flags, words = _sorted_words(argv)
    multirun = bool({"-m", "--multirun"} & set(flags))
    folder = _config_dir(flags)
    with composing():
        overrides = read_overrides(words, groups(), multirun)
    if group is not None:
        study_option = f"study={group}"
        overrides = [study_option, *(word for word in overrides if word != study_option)]
    with TemporaryDirectory(prefix="hybridwork-") as sweep, _hydra_on(name, folder) as hydra:
        own = [f"hydra.job.name={name}", *_sweep_folder(overrides, sweep)] if multirun else []
        return _execute(hydra, study, _arguments_of(flags, [*overrides, *own]))


def _arguments_of(flags: Sequence[str], overrides: Sequence[str]) -> Namespace:
    """Parse flags and overrides with Hydra's own parser."""
    arguments = get_args_parser().parse_args([*flags, *overrides])
    modes = [getattr(arguments, name) for name in ("run", "multirun", "cfg", "info", "shell_completion")]
    if sum(map(bool, modes)) > 1:
        raise UserError("Use one of --run, --multirun, --cfg, --info and --shell-completion.")
    if arguments.resolve and not arguments.cfg:
        raise UserError("--resolve needs --cfg, as in --cfg job --resolve.")
    return arguments


@contextmanager
def _hydra_on(name: str, folder: Path | None) -> Iterator[Hydra]:
    """Provide Hydra with this configuration, the user's folder first, and restore its global state afterwards."""
    running, job = GlobalHydra.instance().hydra, HydraConfig.instance().cfg
    handlers, level = list(logging.root.handlers), logging.root.level  # `--info` adds one that prints everything
    if folder is not None:
        forget_files()  # they may have been edited since the last command of this process
    version.setbase(VERSION_BASE)
    search = create_config_search_path(str(conf_folder()))
    if folder is not None:
        search.prepend("command-line", f"file://{folder}", SearchPathQuery(provider="main"))
    try:
        with composing():
            prepare(*(() if folder is None else (folder,)))
            hydra = Hydra.create_main_hydra2(name, search)
        yield hydra
    finally:
        GlobalHydra.instance().hydra = running
        HydraConfig.instance().cfg = job
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
        if folder is not None:
            forget_files()


def _execute(hydra: Hydra, study: Callable[[DictConfig], None], arguments: Namespace) -> int:
    """Show the configuration, or run the study once or once for each job."""
    overrides: list[str] = arguments.overrides
    if arguments.multirun:
        return _run_jobs(hydra, study, overrides)
    if arguments.hydra_help or arguments.cfg or arguments.info or arguments.shell_completion:
        return _show(hydra, arguments)
    with composing():
        cfg = hydra.compose_config(PRIMARY, overrides, RunMode.RUN)
        HydraConfig.instance().set_config(cfg)
        with open_dict(cfg):
            del cfg["hydra"]
    failure = _Task(study)(cfg)
    if failure is not None:
        raise failure.error
    return 0


def _show(hydra: Hydra, arguments: Namespace) -> int:
    try:
        with composing():
            if arguments.hydra_help:
                hydra.hydra_help(PRIMARY, get_args_parser(), arguments)
            elif arguments.info:
                hydra.show_info(arguments.info, PRIMARY, arguments.overrides)
            elif arguments.shell_completion:
                hydra.shell_completion(PRIMARY, arguments.overrides)
            else:
                _show_configuration(hydra, arguments)
    except SystemExit:  # Hydra has printed a message
        return 2
    return 0


def _show_configuration(hydra: Hydra, arguments: Namespace) -> None:
    """Print the configuration for `--cfg`, or the part of it that `--package` names."""
    cfg = hydra.compose_config(PRIMARY, arguments.overrides, RunMode.RUN)
    HydraConfig.instance().set_config(cfg)
    OmegaConf.set_readonly(cfg.hydra, None)
    own = OmegaConf.masked_copy(cfg, [str(name) for name in cfg if name != "hydra"])
    check_values(own)
    check_read(own)
    content: Any = hydra.get_sanitized_cfg(cfg, arguments.cfg)
    if arguments.package not in (None, "_global_"):
        content = OmegaConf.select(content, arguments.package)
        if not OmegaConf.is_config(content):
            raise UserError(f"Unknown group: {arguments.package}. Use a group of settings, as in --package firm.")
        print(f"# @package {arguments.package}")
    if arguments.resolve:
        OmegaConf.resolve(content)
    sys.stdout.write(OmegaConf.to_yaml(content))


def _run_jobs(hydra: Hydra, study: Callable[[DictConfig], None], overrides: list[str]) -> int:
    """Run one job for each combination of values, and print the failed ones; return 2 where any failed."""
    with composing():
        hydra.compose_config(PRIMARY, overrides, RunMode.MULTIRUN)
    batches = hydra.multirun(PRIMARY, _Task(study, overrides), overrides)
    failures = [job.return_value for batch in batches for job in batch if isinstance(job.return_value, JobFailure)]
    for failure in failures:
        if not isinstance(failure.error, UserError):
            raise failure.error
        print_error(f"{' '.join(failure.settings)}: {failure.error}")
    return 2 if failures else 0


def _sweep_folder(overrides: Sequence[str], folder: str) -> list[str]:
    """Return the override that lets Hydra write its file about a multirun to a temporary folder.

    Jobs of a cluster read their tasks and write their logs there, so they use a folder below `output`.
    """
    settings = dict(override.split("=", 1) for override in overrides if "=" in override)
    if "hydra.sweep.dir" in settings:
        return []
    if settings.get("hydra/launcher", "").startswith("submitit"):
        output = read_path(settings.get("output", "outputs").strip("'\""))
        folder = str(output.resolve() / "jobs" / f"{datetime.now():%Y-%m-%d_%H-%M-%S}")
    return [f"hydra.sweep.dir={format_override(folder)}"]


def _sorted_words(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return flags with their values, and overrides, since Hydra needs the flags first."""
    flags: list[str] = []
    overrides: list[str] = []
    words = iter(argv)
    for word in words:
        flag, equals, value = word.partition("=")
        if not word.startswith("-"):
            overrides.append(word)
        elif flag in _FLAGS_WITH_VALUE:
            value, allowed = value if equals else next(words, ""), _FLAGS_WITH_VALUE[flag]
            if not value or value.startswith("-") or (allowed and value not in allowed):
                raise UserError(invalid(flag, value, " or ".join(allowed) or "a name"))
            flags += [flag, value]
        elif word in _FLAGS:
            flags.append(word)
        else:
            bare = word.lstrip("-").replace("-", "_")
            raise UserError(f"Unknown option: {word}. Write settings without dashes, as in {bare or 'weeks=52'}.")
    return flags, overrides


def _config_dir(flags: list[str]) -> Path | None:
    """Remove `--config-dir` from the flags; check and return its folder, and report files that are not read."""
    places = [place for place, flag in enumerate(flags) if flag in ("--config-dir", "-cd")]
    if not places:
        return None
    if len(places) > 1:
        raise UserError("Repeated option: --config-dir. Use it once.")
    name = flags[places[0] + 1]
    del flags[places[0] : places[0] + 2]
    folder = read_path(name).resolve()
    if not folder.is_dir():
        raise UserError(invalid("--config-dir", name, "a folder like conf/"))
    if folder == conf_folder().resolve():
        return None
    unread = check_folder(folder, groups())
    if unread:
        print_error(f"Not read as configuration in {name}: {', '.join(unread)}.")
    return folder


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Handle termination signals like Ctrl-C, so that unfinished folders are removed.

    `kill` and schedulers send SIGTERM, a terminal that is closed sends SIGHUP. A signal that this process ignored from
    its start, as under `nohup`, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    requests = [one for name in ("SIGTERM", "SIGHUP") if (one := getattr(signal, name, None)) is not None]
    before = {one: signal.getsignal(one) for one in requests}
    handlers_before = {one: handler for one, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    for one in handlers_before:
        signal.signal(one, signal.default_int_handler)
    try:
        yield
    finally:
        for one, handler in handlers_before.items():
            signal.signal(one, handler)
