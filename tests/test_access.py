"""Access to the served pages: hosts, origins, headers, and settings that nothing outside can change."""

from __future__ import annotations

import asyncio
import inspect
import os
import socket
import subprocess
import sys

import pytest

from sim.errors import UserError
from sim.views.access import Guard, allowed_hosts, is_everywhere
from sim.views.explore import command as explore
from sim.views.watch import command as watch

OWN = ["127.0.0.1:8501", "localhost:8501", "LOCALHOST", "127.0.0.1", "[::1]:8501", "localhost.:8501", "model.example"]
STRANGE = [
    "evil.example", "evil.example:8501", "127.0.0.1.evil.example", "localhost.evil.example", "127.0.0.1@evil.example",
    "evil.example#127.0.0.1", "", "localhost:", "localhost:99999999", "localhost:8501:1", "2130706433", "0x7f.1",
    "127.0.0.2", "192.168.1.5", "[::1", "::1", "localhost evil.example", "localhost/evil", "é.example",
]  # fmt: skip
FOREIGN = [
    "http://evil.example", "https://evil.example", "null", "", "http://127.0.0.1", "http://localhost:8501",
    "http://127.0.0.1:9999", "file://", "http://127.0.0.1:8501.evil.example", "chrome-extension://abc",
]  # fmt: skip


def answers_to(guard: Guard, kind: str = "http", **headers: str | list[str]) -> list[dict]:
    """Return the messages that answer a request with these headers."""
    pairs = [(name, one) for name, value in headers.items() for one in ([value] if isinstance(value, str) else value)]
    scope = {"type": kind, "headers": [(name.encode(), value.encode()) for name, value in pairs]}
    sent: list[dict] = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": f"{kind}.request"}

    asyncio.run(guard(scope, receive, send))
    return sent


async def page(scope, _receive, send):
    """Answer as a page that sets its own headers."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    own = [(b"X-Frame-Options", b"ALLOWALL"), (b"content-type", b"text/html")]
    await send({"type": "http.response.start", "status": 200, "headers": own})
    await send({"type": "http.response.body", "body": b"secret"})


def refused(sent: list[dict]) -> bool:
    """Return whether it was refused before it reached the page."""
    assert sent
    return sent[0].get("status") == 403 or sent[0]["type"] == "websocket.close"


@pytest.fixture
def guard() -> Guard:
    """Return a guard on this machine, which has one more name."""
    return Guard(page, allowed_hosts("127.0.0.1", ["model.example"]))


each_kind = pytest.mark.parametrize("kind", ["http", "websocket"])


@each_kind
@pytest.mark.parametrize("host", OWN)
def test_a_request_for_an_own_host_is_answered(guard, kind, host):
    assert not refused(answers_to(guard, kind, host=host))


@each_kind
@pytest.mark.parametrize("host", STRANGE)
def test_a_request_for_any_other_host_is_refused(guard, kind, host):
    assert refused(answers_to(guard, kind, host=host))


@each_kind
def test_a_request_without_a_host_or_with_two_is_refused(guard, kind):
    assert refused(answers_to(guard, kind))
    assert refused(answers_to(guard, kind, host=["127.0.0.1:8501", "evil.example"]))


@each_kind
@pytest.mark.parametrize("origin", FOREIGN)
def test_a_request_of_another_page_is_refused(guard, kind, origin):
    assert refused(answers_to(guard, kind, host="127.0.0.1:8501", origin=origin))
    assert refused(answers_to(guard, kind, host="127.0.0.1:8501", origin=["http://127.0.0.1:8501", origin]))


@each_kind
def test_a_request_of_the_page_itself_is_answered(guard, kind):
    for origin in ("http://127.0.0.1:8501", "https://127.0.0.1:8501"):
        assert not refused(answers_to(guard, kind, host="127.0.0.1:8501", origin=origin))


def test_a_server_on_all_addresses_answers_to_numeric_addresses_and_own_names():
    assert is_everywhere("0.0.0.0") and is_everywhere("::") and not is_everywhere("127.0.0.1")
    guard = Guard(page, allowed_hosts("0.0.0.0"), any_address=True)
    assert not refused(answers_to(guard, host="192.168.1.5:8501"))
    assert not refused(answers_to(guard, host="[fe80::1]:8501"))
    assert not refused(answers_to(guard, host=socket.gethostname()))
    assert refused(answers_to(guard, host="evil.example"))


def test_security_headers_replace_those_of_the_page(guard):
    headers = answers_to(guard, host="127.0.0.1:8501")[0]["headers"]
    values = {name.decode().lower(): value.decode() for name, value in headers}
    assert len(values) == len(headers)
    assert values["x-content-type-options"] == "nosniff"
    assert values["x-frame-options"] == "DENY"
    assert values["content-type"] == "text/html"
    policy = dict(part.strip().split(" ", 1) for part in values["content-security-policy"].split(";"))
    assert policy["frame-ancestors"] == "'none'"
    assert policy["connect-src"] == "'self' ws://127.0.0.1:8501 wss://127.0.0.1:8501"
    allowed = {"'self'", "'none'", "'unsafe-inline'", "data:", "blob:"}
    others = {one for name, value in policy.items() if name != "connect-src" for one in value.split()}
    assert others <= allowed, "nothing is loaded from another machine"


@pytest.mark.parametrize("hosts", ["http://a.example", "a.example:80", "a b", "*", "*.example", "a/b", "-"])
def test_an_invalid_host_name_is_an_error_in_one_line(hosts):
    for settings_of in (explore.settings_of, watch.settings_of):
        with pytest.raises(UserError) as error:
            settings_of([f"hosts={hosts}"])
        assert "\n" not in str(error.value)


def test_hosts_are_read_from_a_list():
    assert explore.settings_of(["hosts= a.example, 10.0.0.5 ,"]).hosts == ("a.example", "10.0.0.5")
    assert explore.settings_of(["hosts="]).hosts == ()


# -- Streamlit's settings ---------------------------------------------------------------------------------------------

HOSTILE_SETTINGS = """
[server]
enableCORS = false
enableXsrfProtection = false
address = "0.0.0.0"
allowedHosts = ["*"]
corsAllowedOrigins = ["http://evil.example"]
enableStaticServing = true
trustedUserHeaders = {"X-User" = "user"}
[browser]
gatherUsageStats = true
serverAddress = "evil.example"
[client]
showErrorDetails = "full"
[global]
developmentMode = true
[theme]
font = "http://evil.example/font.css"
[logger]
level = "debug"
"""


@pytest.fixture
def hostile_folder(tmp_path, monkeypatch):
    """Return a working folder and home whose `.streamlit` switches protections off."""
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "config.toml").write_text(HOSTILE_SETTINGS, encoding="utf-8")
    (tmp_path / ".streamlit" / "secrets.toml").write_text('[auth]\ncookie_secret = "known"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in ("SERVER_ENABLE_CORS", "SERVER_ENABLE_XSRF_PROTECTION", "SERVER_COOKIE_SECRET"):
        monkeypatch.setenv(f"STREAMLIT_{name}", "false")
    return tmp_path


@pytest.fixture
def configured(hostile_folder, monkeypatch):
    """Yield Streamlit's settings as the explorer sets them there; they are restored afterwards."""
    pytest.importorskip("streamlit")
    from streamlit import config, net_util
    from streamlit.runtime.secrets import secrets_singleton

    monkeypatch.setattr(config, "get_config_files", config.get_config_files)
    monkeypatch.setattr(net_util, "get_external_ip", net_util.get_external_ip)
    monkeypatch.setattr(net_util, "get_internal_ip", net_util.get_internal_ip)
    monkeypatch.setattr(secrets_singleton, "_secrets", None)
    before = config.get_config_options()
    explore.configure("127.0.0.1", 8765)
    yield config
    monkeypatch.setattr(config, "_config_options", before)


def test_the_explorer_sets_every_setting_of_streamlit(configured):
    known = configured.get_config_options()
    assert set(explore.options("127.0.0.1", 8765)) == set(known)
    assert [name for name, option in known.items() if "command-line" not in option.where_defined] == []


SAFE = {
    "server.address": "127.0.0.1", "server.enableCORS": True, "server.enableXsrfProtection": True,
    "server.corsAllowedOrigins": [], "server.enableStaticServing": False, "server.trustedUserHeaders": {},
    "server.fileWatcherType": "none", "server.headless": True, "browser.gatherUsageStats": False,
    "browser.serverAddress": "127.0.0.1", "client.showErrorDetails": "none", "client.allowedOrigins": [],
    "global.developmentMode": False, "secrets.files": [], "theme.font": "sans-serif",
}  # fmt: skip


def test_no_folder_or_environment_variable_switches_a_protection_off(configured):
    assert {name: configured.get_option(name) for name in SAFE} == SAFE


def test_the_cookie_secret_is_new_at_every_start(configured):
    name = "server.cookieSecret"
    secrets = {configured.get_option(name), *(explore.options("::1", 1)[name] for _ in range(2))}
    assert len(secrets) == 3
    assert all(len(secret) == 64 for secret in secrets)


def test_every_accepted_upload_stays_in_memory(configured):
    assert configured.get_option("server.maxUploadSize") * 1024 * 1024 < explore.MAX_FORM_BYTES


def test_refusing_another_site_makes_no_connection(configured, monkeypatch):
    from streamlit.web.server.server_util import is_url_from_allowed_origins
    from streamlit.web.server.starlette.starlette_websocket import _is_origin_allowed

    connections: list = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, where: connections.append(where))
    served = explore.application("127.0.0.1", 8765)
    for kind in ("http", "websocket"):
        assert refused(answers_to(served, kind, host="127.0.0.1:8765", origin="http://evil.example"))
        assert refused(answers_to(served, kind, host="evil.example"))
    assert not _is_origin_allowed("http://evil.example", "127.0.0.1:8765")
    assert not is_url_from_allowed_origins("http://evil.example")
    assert connections == []


# -- Solara's settings ------------------------------------------------------------------------------------------------


def test_the_live_view_takes_no_setting_of_solara_from_the_environment(monkeypatch):
    for name in ("SOLARA_ASSETS_EXTRA_LOCATIONS", "solara_telemetry_mixpanel_enable", "SOLARA_OAUTH_CLIENT_ID"):
        monkeypatch.setenv(name, "evil")
    with monkeypatch.context() as patch:
        patch.setattr(os, "environ", dict(os.environ))
        watch.configure()
        own = {name: value for name, value in os.environ.items() if name.upper().startswith("SOLARA_")}
    assert "evil" not in own.values()
    assert set(own) == {*watch._SERVER, "SOLARA_SESSION_SECRET_KEY"}
    assert len(own["SOLARA_SESSION_SECRET_KEY"]) == 64


def test_both_servers_are_behind_the_guard():
    assert "Guard(" in inspect.getsource(watch.serve)
    assert "Guard(" in inspect.getsource(explore.application)


def test_importing_the_pages_changes_no_setting_of_the_process():
    script = """
import gc, importlib, logging, os, signal, sys, threading, warnings
import altair, mesa.visualization, solara, streamlit.runtime
def settings():
    handlers = [signal.getsignal(one) for one in signal.valid_signals()]
    return dict(os.environ), sys.argv, handlers, threading.active_count(), logging.root.handlers, logging.root.level, \\
        logging.getLogger("mesa").level, gc.get_freeze_count(), streamlit.config.get_config_files
before = settings()
for name in ("explore.command", "explore.app", "watch.command", "watch.page"):
    importlib.import_module(f"sim.views.{name}")
assert settings() == before
from mesa.visualization import solara_viz
assert solara_viz.solara is solara
"""
    pytest.importorskip("streamlit")
    pytest.importorskip("solara")
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, timeout=300)
