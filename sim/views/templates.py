"""HTML from the Jinja templates of a view; texts are escaped."""

from __future__ import annotations

from base64 import b64encode
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def environment(package: str) -> Environment:
    """Return the environment of the folder `templates` in a package, with a filter for drawings."""
    own = Environment(
        loader=PackageLoader(package, "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=StrictUndefined,
    )  # fmt: skip
    own.filters["data_address"] = data_address
    return own


def data_address(svg: object) -> str:
    """Return an SVG as a data address, so that the page needs no other file."""
    return f"data:image/svg+xml;base64,{b64encode(str(svg).encode()).decode()}"
