"""Checks of a user's configuration folder, given with `--config-dir`.

Such a folder may come from a stranger. This module parses its files with a safe YAML loader before Hydra reads them.
The files may set values and choose options. They may not configure Hydra, create objects, read the environment, use
another machine, or refer to files outside the folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from sim.config.error_messages import no_entries, not_yaml
from sim.errors import UserError, first_line, instead

ROOT_FILES = ("config", "levers")
"""Names, without `.yaml`, of files at the top of a folder whose entries are merged with the shipped ones."""
PRIMARY = "hybridwork"
"""Name of the configuration that Hydra composes first, which includes `config`."""
OWN_ENTRIES = "own_entries"
"""Name of a user's entries of `config.yaml`, which are composed after the fit to replace its numbers."""
_RESERVED = (PRIMARY, "parameters", OWN_ENTRIES, *(f"own_{name}" for name in ROOT_FILES))
_DATA = {"fit": ("posterior.csv", "posterior.json")}
_MAX_BYTES = 256_000
_MAX_NODES = 20_000
_MAX_FOLDERS = 5
MAX_DEPTH = 20
HIDDEN = (".", "__")
"""Prefixes of files and folders that are neither read nor checked, such as those of editors."""
_RESOLVER = re.compile(r"\$\{[^{}$]*:|\$\{[^{}]*\$\{")  # a nested interpolation can spell a resolver
_HEADER = re.compile(r"#+\s*@(.*)")
_OPTION = re.compile(r"[\w.-]+")
_PACKAGES = ("_global_", "_here_")


def _invalid_file(name: str, reason: str) -> UserError:
    return UserError(f"Invalid file: {name}. {reason}")


_TOO_DEEP = f"It is nested too deeply. Use at most {MAX_DEPTH} levels."


def load_yaml(path: Path) -> Any:
    """Parse a YAML file with the safe loader and limits on size, depth and expansion; raise UserError for a bad one."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise _invalid_file(path.name, f"It is larger than {_MAX_BYTES:,} bytes.")
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _invalid_file(path.name, f"It is not UTF-8 ({error.reason}). Save it as UTF-8.") from None
    except OSError as error:
        raise _unreadable(path, error) from None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _check_size(path, node)
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise UserError(not_yaml(path.name, error)) from None
    except RecursionError:
        raise _invalid_file(path.name, _TOO_DEEP) from None
    except (ValueError, TypeError, OverflowError) as error:  # dates and numbers that Python cannot hold
        raise _invalid_file(path.name, f"{first_line(error).rstrip('.')}.") from None


def _unreadable(path: Path, error: OSError) -> UserError:
    return _invalid_file(str(path), f"It cannot be read ({error.strerror or first_line(error)}).")


def _check_size(path: Path, root: yaml.Node) -> None:
    """Raise UserError for YAML that nests too deeply, contains itself, or is too large when aliases are expanded."""
    sizes: dict[int, int] = {}

    def size_of(node: yaml.Node, above: tuple[int, ...]) -> int:
        if id(node) in above:
            raise _invalid_file(path.name, "It has an alias of itself. Write the entries out.")
        if len(above) > MAX_DEPTH:
            raise _invalid_file(path.name, _TOO_DEEP)
        if id(node) not in sizes:
            inner = [] if isinstance(node, yaml.ScalarNode) else node.value
            parts = [part for entry in inner for part in (entry if isinstance(entry, tuple) else (entry,))]
            sizes[id(node)] = 1 + sum(size_of(part, (*above, id(node))) for part in parts)
        if sizes[id(node)] > _MAX_NODES:
            raise _invalid_file(path.name, f"It has more than {_MAX_NODES:,} entries when its aliases are expanded.")
        return sizes[id(node)]

    size_of(root, ())


def check_folder(folder: Path, groups: Sequence[str]) -> list[str]:
    """Check every file that could be read from a user's folder; raise UserError for an invalid one.

    `groups` are the configuration groups, such as firm. Returns the names of entries that are not configuration.
    """
    files = list(_yaml_files(folder))
    contents = {path: load_yaml(path) for path in files}
    for path, content in contents.items():
        where = str(path.relative_to(folder))
        if path.parent == folder and path.stem in _RESERVED:
            raise _invalid_file(where, "This name is used by the program. Use another one.")
        if content is not None and not isinstance(content, Mapping):
            raise UserError(no_entries(where))
        _check_headers(where, path.read_text(encoding="utf-8"))
        _check_entries(where, content)
        _check_defaults(where, (content or {}).get("defaults"))
    included = {word for content in contents.values() for word in _included((content or {}).get("defaults"))}
    return sorted(_unread(folder, [*groups, *included]))


def _visible(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith(HIDDEN))
    except OSError as error:
        raise _unreadable(folder, error) from None


def _yaml_files(folder: Path, above: str = "") -> Iterator[Path]:
    """Yield every YAML file at any depth, since a defaults list can name each of them."""
    if above.count("/") > _MAX_FOLDERS:
        raise UserError(f"Invalid folder: {above} is nested too deeply. Use at most {_MAX_FOLDERS} levels of folders.")
    for path in _visible(folder):
        if not above and path.name.lower() == "hydra":  # some file systems ignore capitals
            raise UserError(f"Invalid folder in --config-dir: {path.name}. Remove it.")
        if path.is_dir():
            yield from _yaml_files(path, f"{above}{path.name}/")
        elif _is_yaml(path, above):
            yield path


def _is_yaml(path: Path, above: str) -> bool:
    if path.suffix.lower() == ".yml" or (path.suffix.lower() == ".yaml" and path.suffix != ".yaml"):
        raise _invalid_file(f"{above}{path.name}", f"Rename it to {path.stem}.yaml.")
    return path.suffix == ".yaml" and path.is_file()


def _check_headers(where: str, text: str) -> None:
    """Raise UserError for a header that puts the file's entries into another group than its folder does."""
    for line in text.splitlines():
        match = _HEADER.match(line.strip())
        if match and match[1].split() not in (["package", "_global_"], ["package", "_group_"]):
            raise _not_accepted(where, f"# @{match[1].strip()}", "Use '# @package _global_' or none.")


def _not_accepted(where: str, entry: str, advice: str) -> UserError:
    return _invalid_file(where, f"'{entry}' is not accepted. {advice}")


def _check_entries(where: str, content: Any) -> None:
    """Raise UserError for a key or a text, at any depth, that is more than a value."""
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
        raise _not_accepted(where, key, "Files in --config-dir cannot configure Hydra.")
    if any(re.fullmatch(r"_\w+_", part) for part in parts) and key != "_self_":
        raise _not_accepted(where, key, "Files in --config-dir set values and create nothing.")


def _check_machine(where: str, key: str, value: Any) -> None:
    """Raise UserError for the address of a cluster, whose replies can run code in this process."""
    if value is not None and re.split(r"[\s./@]+", key)[-1] == "address":
        raise _not_accepted(where, f"{key}: {value}", "Use executor.address=… on the command line.")


def _check_text(where: str, text: str) -> None:
    if _RESOLVER.search(text):
        raise _not_accepted(where, text, "Write the value itself, or ${name} of another setting.")


def _check_defaults(where: str, defaults: Any) -> None:
    """Raise UserError for a defaults list that reaches Hydra's own groups, other packages or other folders."""
    if defaults is None:
        return
    if not isinstance(defaults, list):
        raise _invalid_file(where, "Write defaults as a list, as in defaults: [_self_].")
    for entry in defaults:
        pairs = entry.items() if isinstance(entry, Mapping) else [(None, entry)]
        for group, option in pairs:
            options = option if isinstance(option, list) else [option]
            _check_group(where, "" if group is None else str(group))
            for one in options:
                _check_group(where, str(one)) if group is None else _check_option(where, one)


def _check_group(where: str, words: str) -> None:
    """Check a group or a file as written in a defaults list: `override /firm`, `optional firm`, `point`."""
    name, _, package = (words.split() or [""])[-1].partition("@")
    parts = name.removeprefix("/").split("/")
    hidden = name != "_self_" and any(part.startswith(HIDDEN) for part in parts)
    if "hydra" in parts or hidden or len(parts) > 2 or (package and package not in _PACKAGES):
        raise _not_accepted(where, words, "Use an option of a group in a defaults list.")


def _check_option(where: str, option: Any) -> None:
    is_name = isinstance(option, str) and _OPTION.fullmatch(option) and not option.startswith(HIDDEN)
    if option is not None and not is_name:
        raise _not_accepted(where, str(option), "Use the name of an option: a file without .yaml.")


def _included(defaults: Any) -> Iterator[str]:
    """Yield the groups and files that a defaults list names."""
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
    """Merge a user's `config.yaml` or `levers.yaml` with the shipped one; the user's entries and lists replace others.

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
