"""Settings of the sensitivity study."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from sim.config.settings import StudySettings


def _outcomes(names: list[str]) -> list[str]:
    if not names:
        raise ValueError("one outcome or more, as in [burn_out_complaints]")
    return names


def _power_of_two(number: int) -> int:
    if number & (number - 1):
        raise ValueError("a power of two, as in 128")
    return number


def _even(number: int) -> int:
    if number < 2 or number % 2:
        raise ValueError("an even number, as in 4")
    return number


def _doses(steps: list[float]) -> list[float]:
    if len(set(steps)) < max(len(steps), 2) or 0 not in steps or not all(0 <= step <= 1 for step in steps):
        raise ValueError("different numbers from 0 to 1, with 0, as in [0,0.5,1]")
    return steps


def _names(factors: Any) -> Any:
    if not isinstance(factors, str | list | dict | None):
        raise ValueError("a list, as in [assumed,switches]")
    return factors


class Settings(StudySettings):
    """Settings below `sensitivity`; `conf/study/sensitivity.yaml` explains them."""

    outcomes: Annotated[list[str], AfterValidator(_outcomes)]
    trajectories: int = Field(ge=2)
    levels: Annotated[int, AfterValidator(_even)]
    keep: int = Field(ge=1)
    n: Annotated[int, Field(ge=2), AfterValidator(_power_of_two)]
    seed: int = Field(ge=0)
    policies: list[str] | None
    doses: Annotated[list[float], AfterValidator(_doses)]
    pairs: list[Any]
    shown: int = Field(ge=1)
    factors: Annotated[Any, AfterValidator(_names)]
