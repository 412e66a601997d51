"""The command `hybridwork`, which is also `python -m sim`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from sim.config.command_help import COMMANDS, command_usage, usage
from sim.errors import accept_every_character, print_error, unknown

_WITH_OWN_HELP = ("explore", "watch", "results", "report")
_WITHOUT_OPTIONS = (*_WITH_OWN_HELP, "describe", "centre", "fit")
"""Commands that accept no option but --help."""
_HELP = frozenset(("--help", "-h"))
_RUN_NOTHING = {"--cfg", "-c", "--info", "-i"}
_INFO = ("--info", "-i")
_COMPLETION = ("-sc", "--shell-completion")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code: 0 for success, 2 for a mistake of the user, 130 for an interruption."""
    accept_every_character()
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in (*_HELP, "help"):
        print(usage())
        return 0
    if words[0] == "--version":
        from sim import __version__

        print(f"hybridwork {__version__}")
        return 0
    if words[0] in _COMPLETION:
        return _complete(words)
    command, *rest = words
    if command not in COMMANDS:
        return print_error(unknown("command", command, COMMANDS))
    if _HELP & set(rest) and command not in _WITH_OWN_HELP:
        print(command_usage(command, _config_dir(rest)))
        return 0
    if command in _WITHOUT_OPTIONS and (options := _options_in(rest)):
        return print_error(f"Unknown option for {command}: {options[0]}. Write settings as name=value.")
    if command == "run" and not _RUN_NOTHING & set(rest) and not any(map(_names_a_scenario, rest)):
        return print_error(
            "Missing setting: scenario. Use scenario=<name> or a lever, as in availability=quiet_evenings. "
            "To compare all scenarios, use hybridwork scenarios."
        )
    return _run(*_with_all_info(words))


def _run(name: str, *words: str) -> int:
    from sim.config.error_messages import exit_code

    def call() -> int:
        command = import_module(COMMANDS[name].module).main
        return int(command(list(words), *_hooks(name)) or 0)

    try:
        return exit_code(call)
    except BrokenPipeError:
        # The program that reads the output has ended, as in `hybridwork describe | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _hooks(name: str) -> list[Callable[..., None]]:
    """Return the functions that a command calls at its end, such as the one that writes the report of a comparison."""
    if name not in ("scenarios", "run"):
        return []
    from sim.views.report import beside

    return [beside]


def _config_dir(words: Sequence[str]) -> Path | None:
    """Return the folder after `--config-dir`, if there is one."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        flag, _, value = word.partition("=")
        if flag in ("--config-dir", "-cd"):
            return Path(value or following)
    return None


def _options_in(words: Sequence[str]) -> list[str]:
    return [word for word in words if word.startswith("-") and word not in _HELP]


def _names_a_scenario(word: str) -> bool:
    from sim.levers.measure import FAMILIES

    name = word.lstrip("+~").partition("=")[0]
    return name == "scenario" or name.split(".")[0] in FAMILIES


def _with_all_info(words: Sequence[str]) -> list[str]:
    """Return the words with `--info` alone written as `--info all`."""
    complete = list(words)
    for place in reversed([place for place, word in enumerate(words) if word in _INFO]):
        following = words[place + 1 :][:1]
        if not following or following[0].startswith("-") or "=" in following[0]:
            complete.insert(place + 1, "all")
    return complete


def _complete(words: Sequence[str]) -> int:
    """Complete the name of the command; Hydra completes the words after it."""
    line = os.environ.get("COMP_LINE", "")
    typed = line.split(" ")
    if line and len(typed) <= 2:
        print(" ".join(name for name in COMMANDS if name.startswith(typed[-1])))
        return 0
    if line:
        os.environ["COMP_LINE"] = " ".join([typed[0], *typed[2:]])
    return _run("scenarios", *words)


if __name__ == "__main__":
    sys.exit(main())
