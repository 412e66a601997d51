"""`hybridwork explore`: begin the workers, check the null scenario, and serve the page on this machine alone."""

from __future__ import annotations

import ipaddress
import re
import socket
import sys
import tomllib
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sim.errors import UserError, instead

HELP = """hybridwork explore [name=value ...]

The explorer in a browser: move a lever, and burn-out complaints and isolation answer, from the model itself.

  address=127.0.0.1   who may open it: this machine alone; another address lets its network in
  port=8501           where it listens
"""
_USUAL = {"address": "127.0.0.1", "port": "8501"}
_NEEDED = ("streamlit", "altair", "vl_convert")
_PORTS = range(1, 65536)


def main(argv: Sequence[str]) -> int:
    """`hybridwork explore`; raises UserError for a setting that is wrong and where the extra is missing."""
    if {"--help", "-h"} & set(argv):
        print(HELP, end="")
        return 0
    asked = settings_of(argv)
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise UserError(
            f'the explorer needs {missing[0]}, which is not installed; pip install "hybridwork[explore]" is right'
        )
    _check_free(asked["address"], int(asked["port"]))
    serve(asked["address"], int(asked["port"]))
    return 0


def settings_of(argv: Sequence[str]) -> dict[str, str]:
    """The settings as they were asked for; UserError for one that does not exist or is wrong."""
    asked = dict(_USUAL)
    for word in argv:
        name, equals, value = word.partition("=")
        if name not in asked or not equals:
            raise UserError(f"explore has no setting '{word}' {instead(name, asked)}; port=8600 is an example")
        asked[name] = value
    if not re.fullmatch(r"\d{1,5}", asked["port"]) or int(asked["port"]) not in _PORTS:
        raise UserError(f"port is '{asked['port']}'; a whole number from 1 to 65535 is right")
    try:
        ipaddress.ip_address("127.0.0.1" if asked["address"] == "localhost" else asked["address"])
    except ValueError:
        raise UserError(f"address is '{asked['address']}'; an address is right, as in 127.0.0.1") from None
    return asked


def _check_free(address: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((address, port))
        except OSError as error:
            reason = error.strerror or "it cannot be used"
            raise UserError(f"{address}:{port} cannot be listened on ({reason}); give another port=") from None


def options(address: str, port: int) -> dict[str, Any]:
    """What Streamlit is started with: the theme of the package, no usage statistics, and this address alone."""
    theme = tomllib.loads(files("sim.views.explore").joinpath("theme.toml").read_text(encoding="utf-8"))
    return {**_flat(theme), "server.address": address, "server.port": port, "browser.serverAddress": address}


def _flat(content: Mapping[str, Any], start: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in content.items():
        found |= _flat(value, f"{start}{name}.") if isinstance(value, Mapping) else {f"{start}{name}": value}
    return found


def _settle() -> None:
    """Load what every page needs, and keep it out of the collections that Streamlit asks for after each move."""
    import gc

    import_module("sim.views.explore.page")
    import_module("sim.views.pictures").svg({"mark": "point", "data": {"values": []}})
    gc.collect()
    gc.freeze()


def serve(address: str, port: int) -> None:
    """Serve the page until it is ended by Ctrl-C."""
    from streamlit.web import bootstrap

    from sim.views.explore.live import live

    print("today's practice is compared with itself; the difference must be exactly zero …", file=sys.stderr)
    own = live()
    print(own.error or "it is zero", file=sys.stderr)
    _settle()
    asked = options(address, port)
    bootstrap.load_config_options(asked)
    host = f"[{address}]" if ":" in address else address
    print(f"open http://{host}:{port} in a browser; Ctrl-C ends it", flush=True)
    try:
        bootstrap.run(str(Path(__file__).with_name("page.py")), False, [], asked)
    finally:
        own.close()
