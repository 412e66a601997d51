"""`hybridwork explore`: start the workers, check the null scenario, and serve the page on this machine.

All settings of Streamlit are set here. It reads nothing from a `.streamlit` folder or the environment, because the
working directory may belong to another person.
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
from pathlib import Path
from secrets import token_hex
from typing import Any

from pydantic import Field

from sim.views.access import Guard, allowed_hosts, is_everywhere
from sim.views.explore.sessions import GRACE, remove_leftovers, scrub_freed_memory, session_timer
from sim.views.settings import ServerSettings, read_words, require_packages
from sim.words import LANGUAGES, Words

HELP = """hybridwork explore [name=value ...]

The explorer in a browser: change a policy and see its simulated effect on burn-out complaints and isolation.

  address=127.0.0.1   this machine only; with another address, its network has access
  port=8501           port of the server
  hosts=              host names under which a network knows this machine, separated by commas
"""
_PACKAGES = ("streamlit", "altair", "vl_convert")
MAX_FORM_BYTES = 8_000_000
"""Bytes of a form in memory; the theme's `maxUploadSize`, the largest accepted upload, is less."""


class Settings(ServerSettings):
    """Settings of the explorer."""

    port: int = Field(8501, ge=1, le=65_535)


def main(argv: Sequence[str]) -> int:
    """Run the command; raise UserError for an invalid setting or a missing package."""
    if {"--help", "-h"} & set(argv):
        print(HELP, end="")
        return 0
    settings = settings_of(argv)
    require_packages(_PACKAGES, "explore")
    settings.check_free()
    serve(settings.address, settings.port, settings.hosts)
    return 0


def settings_of(argv: Sequence[str]) -> Settings:
    """Return the settings; raise UserError for an unknown or invalid one."""
    return read_words(Settings, argv)


def options(address: str, port: int, hosts: Sequence[str] = ()) -> dict[str, Any]:
    """Return every setting of the installed Streamlit by name, with our value or Streamlit's default."""
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
    flat: dict[str, Any] = {}
    for name, value in content.items():
        flat |= _flat(value, f"{start}{name}.") if isinstance(value, Mapping) else {f"{start}{name}": value}
    return flat


def _preload() -> None:
    """Load the modules of every page, and exclude them from Streamlit's garbage collections after each change."""
    import gc

    import_module("sim.views.explore.app")
    import_module("sim.plotting.charts").svg({"mark": "point", "data": {"values": []}})
    gc.collect()
    gc.freeze()


def configure(address: str, port: int, hosts: Sequence[str] = ()) -> None:
    """Give Streamlit all its settings, so that it reads no file and contacts no other machine for them."""
    from streamlit import config, logger, net_util

    config.get_config_files = lambda file_name: []
    net_util.get_external_ip = net_util.get_internal_ip = lambda: None  # would ask a server on the internet
    config.get_config_options(force_reparse=True)
    logger.set_log_level("ERROR")  # no warning that settings change, which is intended here
    config.get_config_options(force_reparse=True, options_from_flags=options(address, port, hosts))


def application(address: str, port: int, hosts: Sequence[str] = ()) -> Guard:
    """Return the page as an ASGI application, behind the guard against other hosts and origins."""
    import streamlit as st
    from starlette.formparsers import MultiPartParser

    configure(address, port, hosts)
    MultiPartParser.spool_max_size = MAX_FORM_BYTES  # an uploaded file stays in memory, however large it may be
    page = st.App(Path(__file__).with_name("app.py"), lifespan=session_timer)
    return Guard(page, allowed_hosts(address, hosts), is_everywhere(address), _policy())


def _policy() -> dict[str, str]:
    """Return the policy for scripts: Streamlit's files, and the inline scripts of Streamlit and of this page.

    No text on the page can become a script. `eval` is allowed because browser tests need it.
    """
    import streamlit

    from sim.views.explore.app import controls_script

    index = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    inline = [*re.findall(r"<script>(.*?)</script>", index, re.DOTALL), *map(controls_script, map(Words, LANGUAGES))]
    hashes = [b64encode(sha256(script.encode()).digest()).decode() for script in inline]
    return {"script-src": " ".join(["'self'", "'unsafe-eval'", *(f"'sha256-{one}'" for one in hashes)])}


def serve(address: str, port: int, hosts: Sequence[str] = ()) -> None:
    """Serve the page until Ctrl-C.

    Streamlit's settings, logging and the treatment of freed memory are set for the whole process, which serves this
    page only. Importing this module changes no settings.
    """
    from sim.views.explore.scheduler import shared_scheduler

    logging.basicConfig(format="%(asctime)s %(name)s: %(message)s", level=logging.WARNING)
    print("Comparing today's practice with itself. The difference must be exactly zero.", file=sys.stderr)
    remove_leftovers()
    scrub_freed_memory()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the workers as Ctrl-C does
    scheduler = shared_scheduler()
    try:
        print(scheduler.error or "The difference is zero.", file=sys.stderr)
        _preload()
        _serve(application(address, port, hosts), address, port)
    finally:
        scheduler.close()


def _serve(app: Guard, address: str, port: int) -> None:
    import uvicorn

    host = f"[{address}]" if ":" in address else address
    print(f"Open http://{host}:{port} in a browser. Press Ctrl-C to stop.", flush=True)
    config = uvicorn.Config(
        app, address, port, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=3
    )
    uvicorn.Server(config).run()
