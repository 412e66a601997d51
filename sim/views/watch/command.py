"""`hybridwork watch`: one organisation in a browser, week by week, on Mesa's own page."""

from __future__ import annotations

import os
import threading
import warnings
import webbrowser
from collections.abc import Sequence
from secrets import token_hex

from pydantic import Field

from sim.views.access import Guard, allowed_hosts, is_everywhere
from sim.views.settings import ServerSettings, read_words, require_packages
from sim.words import Words

_PACKAGES = ("solara", "solara_assets", "ipyvuetify", "altair")
_SERVER = {
    "SOLARA_APP": "sim.views.watch.page",
    "SOLARA_MODE": "production",
    "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "false",
    "SOLARA_THEME_SHOW_BANNER": "false",
    "SOLARA_ASSETS_CDN": "http://127.0.0.1:9/",
}
"""Settings of the server: no telemetry, and no files from other machines.

All others have Solara's own defaults: environment variables that begin with `SOLARA_` are removed.
"""
_POLICY = {"script-src": "'self' 'unsafe-inline' 'unsafe-eval'"}
"""Solara's page holds scripts, and its components are compiled in the browser."""
HELP = """hybridwork watch [name=value ...]

Watch one organisation's ties and weeks in the browser, with levers: Mesa's own live view.

  language=en       en or nl; it can be changed on the page
  port=8765         port of the server
  address=127.0.0.1  this machine only; with another address, its network has access without a password
  hosts=            host names under which a network knows this machine, separated by commas
  browser=true      whether to open the page"""


class Settings(ServerSettings):
    """Settings of the live view; with `browser`, the page is opened in a browser."""

    language: str = "en"
    port: int = Field(8765, ge=1_024, le=65_535)
    browser: bool = True


def main(words: Sequence[str]) -> int:
    """Serve the page until interrupted; raise UserError for an invalid setting or a missing package."""
    if {"--help", "-h"} & set(words):
        print(HELP)
        return 0
    settings = settings_of(words)
    require_packages(_PACKAGES, "viz")
    settings.check_free()
    serve(settings)
    return 0


def settings_of(words: Sequence[str]) -> Settings:
    """Return the settings; raise UserError for an invalid one."""
    settings = read_words(Settings, words)
    Words(settings.language)  # raises UserError for an unknown language
    return settings


def configure() -> None:
    """Set all settings of Solara, which reads them when it is imported."""
    for name in [name for name in os.environ if name.upper().startswith("SOLARA_")]:
        del os.environ[name]
    os.environ.update({**_SERVER, "SOLARA_SESSION_SECRET_KEY": token_hex(32)})


def serve(settings: Settings) -> None:
    """Serve the page until Ctrl-C.

    Solara's settings and the filter of warnings are set for the whole process, which serves this page only.
    """
    configure()
    warnings.filterwarnings("ignore", module=r"solara\.")  # about hooks and cookies, which users cannot change
    import uvicorn
    from solara.server.starlette import app

    address = f"http://{settings.address}:{settings.port}/?language={settings.language}"
    hosts = allowed_hosts(settings.address, settings.hosts)
    guarded = Guard(app, hosts, is_everywhere(settings.address), _POLICY)
    server = uvicorn.Server(
        uvicorn.Config(guarded, settings.address, settings.port, log_level="warning", server_header=False)
    )
    print(f"{address}\nPress Ctrl-C to stop.", flush=True)
    if settings.browser:
        threading.Timer(1.0, webbrowser.open, [address]).start()
    server.run()
