"""Settings of a study: a group of the composed configuration, read and checked by pydantic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from omegaconf import OmegaConf
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from sim.errors import UserError, instead, invalid, unknown

Settings = TypeVar("Settings", bound="StudySettings")
_ACCEPTED = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "text",
    "list": "a list, as in [one,another]",
    "dict": "a group, as in {name: value}",
}
"""Accepted values in words, by the beginning of the type of pydantic's error."""


class StudySettings(BaseModel):
    """Base of the settings of a study. Fields state their range: `visits: int = Field(ge=1, le=100)`.

    A validator may raise ValueError with the accepted values in words, or UserError with the whole message.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def check(holds: Callable[[Any], bool], accepted: str) -> AfterValidator:
    """Return a rule for one setting: `levels: Annotated[int, check(lambda n: n % 2 == 0, "an even number")]`."""

    def rule(value: Any) -> Any:
        if not holds(value):
            raise ValueError(accepted)
        return value

    return AfterValidator(rule)


def read_settings(group: str, kind: type[Settings], content: Any) -> Settings:
    """Return the settings of one group of the configuration.

    Parameters
    ----------
    group : str
        Name of the group, for messages.
    kind : type of StudySettings
        Model that states the type and range of each setting.
    content : DictConfig or Mapping
        The composed group.

    Raises
    ------
    UserError
        For an unknown or missing setting, a value of another type, and a value out of range.
    """
    content = OmegaConf.to_container(content, resolve=True) if OmegaConf.is_config(content) else content
    if not isinstance(content, Mapping):
        raise UserError(not_a_group(group, content))
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise UserError(_message(group, kind, error.errors()[0])) from None


def split_words(words: Sequence[str], known: Iterable[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the folders among the words of a command, and its settings `name=value`; UserError for an unknown one."""
    names, folders, settings = list(known), [], []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or Path(word).is_dir():
            folders.append(word)
        elif name in names:
            settings.append((name, value))
        else:
            raise UserError(unknown("setting", name, names))
    return folders, settings


def not_a_group(name: str, content: Any) -> str:
    """Return the message for another value in place of a group of settings."""
    return invalid(name, content, f"{name}.<name>=<value>", "It is a group of settings.")


def _message(group: str, kind: type[StudySettings], error: ErrorDetails) -> str:
    name = ".".join(str(part) for part in (group, *error["loc"]) if part != "")
    if isinstance(raised := error.get("ctx", {}).get("error"), UserError):
        return str(raised)
    model, field = _field(kind, error["loc"])
    if error["type"] == "extra_forbidden":
        return f"Unknown setting: {name}. {instead(str(error['loc'][-1]), _fields(model))}"
    if error["type"] == "missing":
        return f"Missing setting: {name}. Set it, as in {name}=<value>."
    or_null = ", or null" if field and type(None) in get_args(field.annotation) else ""
    return invalid(name, error["input"], f"{_accepted(field, error)}{or_null}")


def _fields(kind: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in kind.model_fields.items()}


def _field(kind: type[BaseModel], place: Sequence[int | str]) -> tuple[type[BaseModel], FieldInfo | None]:
    """Return the model that holds a setting, which may be a nested group, and the field."""
    model, field = kind, _fields(kind).get(str(place[0]))
    for name in place[1:]:
        inner = field.annotation if field else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            break
        model, field = inner, _fields(inner).get(str(name))
    return model, field


def _accepted(field: FieldInfo | None, error: ErrorDetails) -> str:
    """Return the values that a setting accepts, in words."""
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    by_type = [words for start, words in _ACCEPTED.items() if error["type"].startswith(start)]
    accepted = ", ".join(part for part in (*by_type, _bounds(field)) if part)
    return accepted or error["msg"].removeprefix("Input should be ")


_FORMS = {"ge": "{:,} or more", "gt": "more than {:,}", "le": "at most {:,}", "lt": "less than {:,}"}


def _bounds(field: FieldInfo | None) -> str:
    """Return the range of a setting, such as `1 to 100` or `more than 0 and at most 15`."""
    limits: dict[str, Any] = {}
    for rule in field.metadata if field else ():
        limits |= {name: getattr(rule, name) for name in _FORMS if hasattr(rule, name)}
    if {"ge", "le"} <= limits.keys():
        return f"{limits['ge']:,} to {limits['le']:,}"
    return " and ".join(form.format(limits[name]) for name, form in _FORMS.items() if name in limits)
