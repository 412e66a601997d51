"""`hybridwork explore`: begin the workers, check the null scenario, and serve the page on this machine alone.

Every setting of Streamlit is given here. Nothing is read from a `.streamlit` folder or from the environment, which
belong to whoever wrote the folder the command happens to be run in.
"""

from __future__ import annotations

import logging
import re
import signal
import sys
import tomllib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex
from typing import Any

from sim.errors import UserError, unknown
from sim.views.access import Guard, allowed_hosts, check_address, check_free, is_everywhere, read_hosts
from sim.views.explore.sessions import GRACE, attended, remove_leftovers, scrub_freed_memory
from sim.words import LANGUAGES, Words

HELP = """hybridwork explore [name=value ...]

The explorer in a browser: move a lever, and burn-out complaints and isolation answer, from the model itself.

  address=127.0.0.1   who may open it: this machine alone; another address lets its network in
  port=8501           where it listens
  hosts=              further host names it may be opened by, separated by commas, where it has a name in a network
"""
_USUAL = {"address": "127.0.0.1", "port": "8501", "hosts": ""}
_NEEDED = ("streamlit", "altair", "vl_convert")
_PORTS = range(1, 65536)
MOST_UPLOADED = 8_000_000
"""Bytes of a form that are held in memory; the theme's `maxUploadSize` is less, and no more is accepted."""


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
    check_free(asked["address"], int(asked["port"]))
    serve(asked["address"], int(asked["port"]), read_hosts(asked["hosts"]))
    return 0


def settings_of(argv: Sequence[str]) -> dict[str, str]:
    """The settings as they were asked for; UserError for one that does not exist or is wrong."""
    asked = dict(_USUAL)
    for word in argv:
        name, equals, value = word.partition("=")
        if name not in asked or not equals:
            raise UserError(f"{unknown('setting', name, asked)} Write it as in port=8600.")
        asked[name] = value
    if not re.fullmatch(r"\d{1,5}", asked["port"]) or int(asked["port"]) not in _PORTS:
        raise UserError(f"port is '{asked['port']}'; a whole number from 1 to 65535 is right")
    check_address(asked["address"])
    read_hosts(asked["hosts"])
    return asked


def options(address: str, port: int, hosts: Sequence[str] = ()) -> dict[str, Any]:
    """Every setting that the installed Streamlit knows, by name: its own default where none is given here."""
    from streamlit import config

    theme = tomllib.loads(files("sim.views.explore").joinpath("theme.toml").read_text(encoding="utf-8"))
    usual = {name: option.value for name, option in config.get_config_options().items()}
    return {
        **usual,
        **_flat(theme),
        "server.address": address,
        "server.port": port,
        "server.allowedHosts": [] if is_everywhere(address) else sorted(allowed_hosts(address, hosts)),
        "server.corsAllowedOrigins": [],
        "server.cookieSecret": token_hex(32),
        "server.disconnectedSessionTTL": 900
        * GRACE,  # longer than `sessions` needs: a session that expires is not closed
        "browser.serverAddress": address,
        "browser.serverPort": port,
        "client.allowedOrigins": [],
        "secrets.files": [],
    }


def _flat(content: Mapping[str, Any], start: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in content.items():
        found |= _flat(value, f"{start}{name}.") if isinstance(value, Mapping) else {f"{start}{name}": value}
    return found


def _settle() -> None:
    """Load what every page needs, and keep it out of the collections that Streamlit asks for after each move."""
    import gc

    import_module("sim.views.explore.app")
    import_module("sim.plotting.charts").svg({"mark": "point", "data": {"values": []}})
    gc.collect()
    gc.freeze()


def settle(address: str, port: int, hosts: Sequence[str] = ()) -> None:
    """Give Streamlit all its settings, so that no file and no other machine is asked for any of them."""
    from streamlit import config, logger, net_util

    config.get_config_files = lambda file_name: []
    net_util.get_external_ip = net_util.get_internal_ip = lambda: None  # would ask a server on the internet
    config.get_config_options(force_reparse=True)
    logger.set_log_level("ERROR")  # no warning that settings change, which is what happens here
    config.get_config_options(force_reparse=True, options_from_flags=options(address, port, hosts))


def application(address: str, port: int, hosts: Sequence[str] = ()) -> Guard:
    """The page as an ASGI application, behind the guard against other hosts and origins."""
    import streamlit as st
    from starlette.formparsers import MultiPartParser

    settle(address, port, hosts)
    MultiPartParser.spool_max_size = MOST_UPLOADED  # an uploaded file stays in memory, however large it may be
    page = st.App(Path(__file__).with_name("app.py"), lifespan=attended)
    return Guard(page, allowed_hosts(address, hosts), is_everywhere(address), _policy())


def _policy() -> dict[str, str]:
    """The scripts that the page may run: Streamlit's files, and the few lines that Streamlit's page and ours hold.

    No text that is shown can be among them. `eval` is allowed because tools that drive a browser need it.
    """
    import streamlit

    from sim.views.explore.app import spoken

    index = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    inline = [*re.findall(r"<script>(.*?)</script>", index, re.DOTALL), *map(spoken, map(Words, LANGUAGES))]
    hashes = [b64encode(sha256(script.encode()).digest()).decode() for script in inline]
    return {"script-src": " ".join(["'self'", "'unsafe-eval'", *(f"'sha256-{one}'" for one in hashes)])}


def serve(address: str, port: int, hosts: Sequence[str] = ()) -> None:
    """Serve the page until it is ended by Ctrl-C.

    What is set here, such as Streamlit's settings, logging and the treatment of freed memory, holds for the whole
    process. The command serves this page and nothing else. Importing this module changes no settings.
    """
    from sim.views.explore.scheduler import shared_scheduler

    logging.basicConfig(format="%(asctime)s %(name)s: %(message)s", level=logging.WARNING)
    print("today's practice is compared with itself; the difference must be exactly zero …", file=sys.stderr)
    remove_leftovers()
    scrub_freed_memory()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the workers are ended as they are by Ctrl-C
    own = shared_scheduler()
    try:
        print(own.error or "it is zero", file=sys.stderr)
        _settle()
        _serve(application(address, port, hosts), address, port)
    finally:
        own.close()


def _serve(app: Guard, address: str, port: int) -> None:
    import uvicorn

    host = f"[{address}]" if ":" in address else address
    print(f"open http://{host}:{port} in a browser; Ctrl-C ends it", flush=True)
    served = uvicorn.Config(
        app, address, port, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=3
    )
    uvicorn.Server(served).run()
