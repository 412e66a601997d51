"""A user's own configuration folder, given with `--config-dir`: what it may hold, and what of it is read.

Such a folder may come from a stranger. Its files are parsed here with a safe YAML loader, before Hydra sees them. They
may give values and choose options. They may not configure Hydra, name objects to create, read the environment, name
another machine, or point outside the folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from sim.errors import UserError, first_line, instead

ROOT_FILES = ("config", "levers")
"""Files at the top of a configuration folder, without `.yaml`: their entries are merged with the shipped file's."""
PRIMARY = "hybridwork"
"""The name of the configuration that Hydra composes first; it is registered by the program and includes `config`."""
OWN_ENTRIES = "own_entries"
"""The name of a user's entries of `config.yaml` where they are composed: after the fit, whose numbers they replace."""
_RESERVED = (PRIMARY, "parameters", OWN_ENTRIES, *(f"own_{name}" for name in ROOT_FILES))
_DATA = {"fit": ("posterior.csv", "posterior.json")}
_MAX_BYTES = 256_000
_MAX_NODES = 20_000
_MAX_FOLDERS = 5
MAX_DEPTH = 20
HIDDEN = (".", "__")
"""How names begin of files and folders that are neither read nor checked, such as those of editors."""
_RESOLVER = re.compile(r"\$\{[^{}$]*:|\$\{[^{}]*\$\{")  # a nested interpolation can spell a resolver
_HEADER = re.compile(r"#+\s*@(.*)")
_OPTION = re.compile(r"[\w.-]+")
_PACKAGES = ("_global_", "_here_")


def load_yaml(path: Path) -> Any:
    """Parse one YAML file with the safe loader and limits on size, depth and expansion.

    Raises UserError that names the file and what is wrong with it.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise UserError(f"{path.name} is larger than {_MAX_BYTES:,} bytes; configuration files are small")
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path.name} is no text in UTF-8 ({error.reason}); save it as UTF-8") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or first_line(error)})") from None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _check_size(path, node)
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise UserError(_yaml_mistake(path, error)) from None
    except RecursionError:
        raise UserError(f"{path.name} is nested too deeply; use at most {MAX_DEPTH} levels") from None
    except (ValueError, TypeError, OverflowError) as error:  # dates and numbers that Python cannot hold
        raise UserError(f"{path.name} cannot be read: {first_line(error)}") from None


def _yaml_mistake(path: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = "" if mark is None else f" line {mark.line + 1},"
    return f"{path.name} is no yaml:{where} {getattr(error, 'problem', None) or first_line(error)}"


def _check_size(path: Path, root: yaml.Node) -> None:
    """Raise UserError for YAML that nests too deeply, holds itself, or grows too large where aliases are expanded."""
    sizes: dict[int, int] = {}

    def size_of(node: yaml.Node, above: tuple[int, ...]) -> int:
        if id(node) in above:
            raise UserError(f"{path.name} holds an alias of itself; write the entries out")
        if len(above) > MAX_DEPTH:
            raise UserError(f"{path.name} is nested too deeply; use at most {MAX_DEPTH} levels")
        if id(node) not in sizes:
            inner = [] if isinstance(node, yaml.ScalarNode) else node.value
            parts = [part for entry in inner for part in (entry if isinstance(entry, tuple) else (entry,))]
            sizes[id(node)] = 1 + sum(size_of(part, (*above, id(node))) for part in parts)
        if sizes[id(node)] > _MAX_NODES:
            raise UserError(f"{path.name} holds more than {_MAX_NODES:,} entries where its aliases are expanded")
        return sizes[id(node)]

    size_of(root, ())


def check_folder(folder: Path, groups: Sequence[str]) -> list[str]:
    """Check every file that could be read from a user's configuration folder.

    groups: names of the configuration groups that exist, such as firm and scenario.
    Returns the names of entries of the folder that are not read as configuration, relative to it.
    Raises UserError for a folder or file that may not be used.
    """
    files = list(_yaml_files(folder))
    contents = {path: load_yaml(path) for path in files}
    for path, content in contents.items():
        where = str(path.relative_to(folder))
        if path.parent == folder and path.stem in _RESERVED:
            raise UserError(f"{where}: this name is used by the program; give the file another name")
        if content is not None and not isinstance(content, Mapping):
            raise UserError(f'{where} holds no entries; write them as in text: "…"')
        _check_headers(where, path.read_text(encoding="utf-8"))
        _check_entries(where, content)
        _check_defaults(where, (content or {}).get("defaults"))
    included = {word for content in contents.values() for word in _included((content or {}).get("defaults"))}
    return sorted(_unread(folder, [*groups, *included]))


def _visible(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith(HIDDEN))
    except OSError as error:
        raise UserError(f"{folder} cannot be read ({error.strerror or first_line(error)})") from None


def _yaml_files(folder: Path, above: str = "") -> Iterator[Path]:
    """Every YAML file at any depth, which a defaults list can name wherever it lies."""
    if above.count("/") > _MAX_FOLDERS:
        raise UserError(f"{above} is nested too deeply; use at most {_MAX_FOLDERS} levels of folders")
    for path in _visible(folder):
        if not above and path.name.lower() == "hydra":  # some file systems do not tell the two apart
            raise UserError(f"the folder {path.name} is not read from --config-dir; remove it")
        if path.is_dir():
            yield from _yaml_files(path, f"{above}{path.name}/")
        elif _is_yaml(path, above):
            yield path


def _is_yaml(path: Path, above: str) -> bool:
    if path.suffix.lower() == ".yml" or (path.suffix.lower() == ".yaml" and path.suffix != ".yaml"):
        raise UserError(f"{above}{path.name} is not read; rename it to {path.stem}.yaml")
    return path.suffix == ".yaml" and path.is_file()


def _check_headers(where: str, text: str) -> None:
    """Raise UserError for a header that puts the file's entries elsewhere than its place says."""
    for line in text.splitlines():
        match = _HEADER.match(line.strip())
        if match and match[1].split() not in (["package", "_global_"], ["package", "_group_"]):
            raise UserError(f"{where}: '# @{match[1].strip()}' is not accepted; use '# @package _global_' or none")


def _check_entries(where: str, content: Any) -> None:
    """Raise UserError for a key or a text, at any depth, that does more than give a value."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            _check_key(where, str(key))
            _check_text(where, str(key))
            _check_machine(where, str(key), value)
            _check_entries(where, value)
    elif isinstance(content, list | tuple | set):
        for value in content:
            _check_entries(where, value)
    elif isinstance(content, str):
        _check_text(where, content)


def _check_key(where: str, key: str) -> None:
    parts = re.split(r"[\s./@]+", key)
    if "hydra" in parts:
        raise UserError(f"{where}: '{key}' is not accepted; files in --config-dir cannot configure Hydra")
    if any(re.fullmatch(r"_\w+_", part) for part in parts) and key != "_self_":
        raise UserError(f"{where}: '{key}' is not accepted; files in --config-dir give values and create nothing")


def _check_machine(where: str, key: str, value: Any) -> None:
    """Raise UserError for the address of a cluster: whoever answers there runs code in this process."""
    if value is not None and re.split(r"[\s./@]+", key)[-1] == "address":
        raise UserError(f"{where}: '{key}: {value}' is not accepted; give executor.address=… on the command line")


def _check_text(where: str, text: str) -> None:
    if _RESOLVER.search(text):
        raise UserError(f"{where}: '{text}' is not accepted; write the value itself, or ${{name}} of another setting")


def _check_defaults(where: str, defaults: Any) -> None:
    """Raise UserError for a defaults list that reaches Hydra's own groups, other packages or other folders."""
    if defaults is None:
        return
    if not isinstance(defaults, list):
        raise UserError(f"{where}: defaults must be a list, as in defaults: [_self_]")
    for entry in defaults:
        pairs = entry.items() if isinstance(entry, Mapping) else [(None, entry)]
        for group, option in pairs:
            options = option if isinstance(option, list) else [option]
            _check_group(where, "" if group is None else str(group))
            for one in options:
                _check_group(where, str(one)) if group is None else _check_option(where, one)


def _check_group(where: str, words: str) -> None:
    """Check a group or a file as a defaults list writes it: `override /firm`, `optional firm`, `point`."""
    name, _, package = (words.split() or [""])[-1].partition("@")
    parts = name.removeprefix("/").split("/")
    hidden = name != "_self_" and any(part.startswith(HIDDEN) for part in parts)
    if "hydra" in parts or hidden or len(parts) > 2 or (package and package not in _PACKAGES):
        raise UserError(f"{where}: '{words}' is not accepted in a defaults list; choose an option of a group")


def _check_option(where: str, option: Any) -> None:
    is_name = isinstance(option, str) and _OPTION.fullmatch(option) and not option.startswith(HIDDEN)
    if option is not None and not is_name:
        raise UserError(f"{where}: '{option}' is not the name of an option; use the name of a file without .yaml")


def _included(defaults: Any) -> Iterator[str]:
    """The groups and files that a defaults list names."""
    for entry in defaults or ():
        for words in entry if isinstance(entry, Mapping) else [entry]:
            yield from (str(words).split() or [""])[-1].partition("@")[0].removeprefix("/").split("/")


def _unread(folder: Path, known: Sequence[str]) -> Iterator[str]:
    for path in _visible(folder):
        if not path.is_dir():
            if path.suffix != ".yaml" or path.stem not in (*ROOT_FILES, *known):
                yield path.name
        elif path.name not in known:
            yield f"{path.name}/ ({instead(path.name, known)})" if any(_visible(path)) else f"{path.name}/"
        else:
            data = _DATA.get(path.name, ())
            yield from (f"{path.name}/{inner.name}" for inner in _visible(path)
                        if inner.is_dir() or (inner.suffix != ".yaml" and inner.name not in data))  # fmt: skip


# -- root files ------------------------------------------------------------------------------------------------------


def merge_root(shipped: Mapping[str, Any], own: Mapping[str, Any] | None) -> dict[str, Any]:
    """Merge a user's `config.yaml` or `levers.yaml` with the shipped one: the user's entries win, lists whole.

    In the defaults list, an option that the user chooses replaces the shipped option of that group.
    """
    merged = _merged(shipped, own or {})
    merged["defaults"] = _merged_defaults(shipped.get("defaults", []), (own or {}).get("defaults") or [])
    return merged


def _merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(first)
    for name, value in second.items():
        before = both.get(name)
        deep = isinstance(before, Mapping) and isinstance(value, Mapping)
        both[name] = _merged(before, value) if deep else value  # type: ignore[arg-type]
    return both


def _merged_defaults(shipped: Sequence[Any], own: Sequence[Any]) -> list[Any]:
    choices = {_key_of(entry): entry for entry in own}
    replaced = [choices.get(_key_of(entry), entry) for entry in shipped]
    known = {_key_of(entry) for entry in shipped}
    return replaced + [entry for entry in own if _key_of(entry) not in known]


def _key_of(entry: Any) -> str:
    return " ".join(map(str, entry)) if isinstance(entry, Mapping) else str(entry)
