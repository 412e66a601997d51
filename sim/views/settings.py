"""Settings of the pages that are served, and the packages that a view needs."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from typing import TypeVar

from pydantic import Field, field_validator

from sim.config.settings import StudySettings, read_settings
from sim.errors import UserError

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", re.IGNORECASE)


class ServerSettings(StudySettings, strict=False):
    """Address of a page; `hosts` are further host names of the machine in a network."""

    address: str = "127.0.0.1"
    port: int = Field(ge=1, le=65_535)
    hosts: tuple[str, ...] = ()

    @field_validator("address")
    @classmethod
    def _is_numeric_or_local(cls, address: str) -> str:
        if not (address == "localhost" or is_address(address)):
            raise ValueError("a numeric address, as in 127.0.0.1")
        return address

    @field_validator("hosts", mode="before")
    @classmethod
    def _split_names(cls, text: str) -> tuple[str, ...]:
        names = tuple(name.strip() for name in text.split(",") if name.strip())
        if not all(_NAME.fullmatch(name) or is_address(name) for name in names):
            raise ValueError("host names without a port, as in model.example")
        return names

    def check_free(self) -> None:
        """Raise UserError if a server cannot listen at this address and port."""
        with socket.socket(socket.AF_INET6 if ":" in self.address else socket.AF_INET) as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                server.bind((self.address, self.port))
            except OSError as error:
                reason = error.strerror or "it cannot be used"
                raise UserError(f"Cannot listen on {self.address}:{self.port}: {reason}. Use another port.") from None


Server = TypeVar("Server", bound=ServerSettings)


def read_words(kind: type[Server], words: Sequence[str]) -> Server:
    """Return the settings in words such as `port=8600`; raise UserError for an unknown or invalid one."""
    for word in words:
        if "=" not in word:
            raise UserError(f"Invalid setting: {word}. Use name=value, as in port=8600.")
    return read_settings("", kind, dict(word.split("=", 1) for word in words))


def is_address(text: str) -> bool:
    """Return whether a text is a numeric address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def require_packages(names: Iterable[str], extra: str) -> None:
    """Raise UserError for a missing package, with the extra that installs it."""
    for name in names:
        if find_spec(name) is None:
            raise UserError(f'Missing package: {name}. Use pip install "hybridwork[{extra}]".')
