"""What a run is called: a hash of everything its result depends on, so that it is known again wherever it is met."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sim.engine.plan import Plan, needed
from sim.world.firm import FirmOptions

_MODEL = (
    "language", "world", "mechanisms", "levers", "engine",
    "data/circumstances.csv", "data/definitions.csv", "data/normal_quantiles.npy", "data/regimes.csv",
    "data/sectors.csv", "data/size_classes.csv",
    "outcomes/survey.py", "outcomes/outcomes.py", "outcomes/record.py", "outcomes/effects.py", "outcomes/condensed.py",
    "runs/stack.py",
)  # fmt: skip
"""What of the package a result depends on; evidence, costs, pages and figures can change and it is the same model."""
_LENGTH = 16
_REMEMBERED = 512


@cache
def model_version() -> str:
    """The version of the model: the package's, and a hash of the text and data its results depend on."""
    from sim import __version__

    package = Path(__file__).resolve().parents[1]
    text = hashlib.sha256()
    for part in _MODEL:
        place = package / part
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.suffix in (".py", ".csv", ".npy"):
                text.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{__version__}+{text.hexdigest()[:_LENGTH]}"


class Identifier:
    """Gives plans their run ids; it remembers the parts that plans of one study share, which makes it fast."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, str]] = {}

    def __call__(self, plan: Plan) -> str:
        """16 hexadecimal digits of a hash of configuration, model version and seed.

        The engine is left out, since all engines give the same bits.
        """
        return digest(
            {
                "model": model_version(),
                "measures": [self._of(measure, repr) for measure in needed(plan)],
                "scenarios": self._of(plan.scenarios),
                "firm": self._of(plan.firm, _firm),
                "parameters": plan.parameters,
                "weeks": plan.weeks,
                "burn_in": plan.burn_in,
                "start": str(plan.calendar.start),
                "seed": plan.seed,
                "replicate": plan.replicate,
            }
        )

    def _of(self, part: Any, plain: Callable[[Any], Any] = lambda part: part) -> str:
        """The digest of a part, by the very object; objects are held, so that no other can take their place."""
        if id(part) not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[id(part)] = part, digest(plain(part))
        return self._known[id(part)][1]


def _firm(firm: FirmOptions) -> dict[str, Any]:
    """The options of a firm, with what its files hold in place of where they stand."""
    files = {name: path for name in ("persons", "ties") if (path := getattr(firm, name)) is not None}
    return {
        **asdict(firm),
        **{name: hashlib.sha256(Path(path).read_bytes()).hexdigest() for name, path in files.items()},
    }


def digest(content: Any) -> str:
    """16 hexadecimal digits of a hash of dataclasses, mappings, lists, numbers and texts."""
    text = json.dumps(content, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


def _plain(part: Any) -> Any:
    if is_dataclass(part) and not isinstance(part, type):
        return asdict(part)
    if isinstance(part, Mapping):
        return dict(part)
    if isinstance(part, frozenset | set):
        return sorted(part)
    return str(part)
