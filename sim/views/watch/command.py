"""Watch one organisation's ties and weeks in the browser, with levers: Mesa's own live view."""

from __future__ import annotations

import os
import threading
import warnings
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from secrets import token_hex

from omegaconf import OmegaConf

from sim.config.study_settings import read_dataclass as read
from sim.errors import UserError
from sim.views.access import Guard, allowed_hosts, check_address, check_free, is_everywhere, read_hosts
from sim.words import Words

_NEEDED = ("solara", "solara_assets", "ipyvuetify", "altair")
_PORTS = (1024, 65_535)
_SERVER = {
    "SOLARA_APP": "sim.views.watch.page",
    "SOLARA_MODE": "production",
    "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "false",
    "SOLARA_THEME_SHOW_BANNER": "false",
    "SOLARA_ASSETS_CDN": "http://127.0.0.1:9/",
}
"""Settings of the server: nothing is counted, reported or fetched from elsewhere; what is not installed is missing.

All others have Solara's own defaults: variables of the environment that begin with `SOLARA_` are left out.
"""
_POLICY = {"script-src": "'self' 'unsafe-inline' 'unsafe-eval'"}
"""Solara's page holds scripts, and its components are compiled in the browser."""
HELP = """hybridwork watch [name=value ...]

Watch one organisation's ties and weeks in the browser, with levers: Mesa's own live view.

  language=en       en or nl; it can be changed on the page
  port=8765         where it listens
  address=127.0.0.1  this computer alone; another one lets others in, and nothing asks them who they are
  hosts=            further host names it may be opened by, separated by commas, where it has a name in a network
  browser=true      whether to open the page"""


@dataclass(frozen=True)
class Settings:
    """How the page is served; `address` is where it listens, `port` 1024 to 65535, `hosts` names it is known by."""

    language: str = "en"
    port: int = 8765
    address: str = "127.0.0.1"
    hosts: str = ""
    browser: bool = True


def main(words: Sequence[str]) -> int:
    """Serve the page until interrupted; UserError for a wrong setting or where the extra `viz` is missing."""
    if {"--help", "-h"} & set(words):
        print(HELP)
        return 0
    settings = settings_of(words)
    require_extra()
    check_free(settings.address, settings.port)
    serve(settings)
    return 0


def settings_of(words: Sequence[str]) -> Settings:
    """The settings as they were asked for, or UserError."""
    for word in words:
        if "=" not in word:
            raise UserError(f"'{word}' is no setting of watch; settings are written as name=value, as in language=nl")
    settings: Settings = read("", Settings, OmegaConf.create(dict(word.split("=", 1) for word in words)))
    Words(settings.language)
    check_address(settings.address)
    read_hosts(settings.hosts)
    least, most = _PORTS
    if not least <= settings.port <= most:
        raise UserError(f"port is {settings.port}; a whole number from {least} to {most} is right")
    return settings


def require_extra() -> None:
    """Raise UserError where what the page needs is not installed."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise UserError(f'watch needs {missing[0]}; install the extra with: pip install "hybridwork[viz]"')


def settle() -> None:
    """Leave Solara no settings but ours; it reads them when it is imported, so this comes first."""
    for name in [name for name in os.environ if name.upper().startswith("SOLARA_")]:
        del os.environ[name]
    os.environ.update({**_SERVER, "SOLARA_SESSION_SECRET_KEY": token_hex(32)})


def serve(settings: Settings) -> None:
    """Listen and serve the page until it is ended by Ctrl-C.

    Solara's settings and the filter of warnings hold for the whole process, which serves this page and nothing else.
    """
    settle()
    warnings.filterwarnings("ignore", module=r"solara\.")  # hooks and cookies, which nobody who watches can mend
    import uvicorn
    from solara.server.starlette import app

    address = f"http://{settings.address}:{settings.port}/?language={settings.language}"
    hosts = allowed_hosts(settings.address, read_hosts(settings.hosts))
    guarded = Guard(app, hosts, is_everywhere(settings.address), _POLICY)
    server = uvicorn.Server(
        uvicorn.Config(guarded, settings.address, settings.port, log_level="warning", server_header=False)
    )
    print(f"{address}\nCtrl+C ends it.", flush=True)
    if settings.browser:
        threading.Timer(1.0, webbrowser.open, [address]).start()
    server.run()
