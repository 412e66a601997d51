"""The flow: an estimate of the posterior of the parameters that matter, given what is observed (NPE, by sbi).

Parameters are scores of the standard normal, which is their prior, so that no bound can be overstepped. The flow learns
from simulations to which error and discrepancy are added, drawn anew every time that one is shown.
Papamakarios and Murray (2016); Greenberg, Nonnenmacher and Macke (2019); Boelts and others (2025).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import UserError, first_line

if TYPE_CHECKING:
    import torch
    from sbi.inference.posteriors import DirectPosterior

_FEATURES, _TRANSFORMS, _DROPOUT = 50, 5, 0.1
_BATCH, _RATE, _PATIENCE, _MOST_EPOCHS = 100, 1e-3, 30, 500
_HELD_BACK = 0.1
"""Share of the simulations on which it is seen when learning should stop."""


@dataclass(frozen=True)
class Flow:
    """A trained flow. Observations go in by their unit and are seen by it in SDs `scale` from `centre`."""

    posterior: DirectPosterior
    centre: np.ndarray
    scale: np.ndarray
    epochs: int

    def draw(self, observed: np.ndarray, count: int, seed: int) -> np.ndarray:
        """(count, parameter) scores from the posterior at these observations (observation,)."""
        import torch

        torch.manual_seed(seed)
        drawn = self.posterior.sample((count,), x=self.seen(observed), show_progress_bars=False)
        return np.asarray(drawn, float)

    def draw_many(self, observed: np.ndarray, count: int, seed: int) -> np.ndarray:
        """(count, n, parameter) scores from the posterior at each of n sets of observations (n, observation)."""
        import torch

        torch.manual_seed(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # sbi tells how many it draws at a time
            drawn = self.posterior.sample_batched((count,), x=self.seen(observed), show_progress_bars=False)
        return np.asarray(drawn, float)

    def log_density(self, scores: np.ndarray, observed: np.ndarray) -> np.ndarray:
        """(draw,) log of the posterior's density at these scores."""
        import torch

        asked = torch.as_tensor(scores, dtype=torch.float32)
        told = self.posterior.log_prob(asked, x=self.seen(observed), norm_posterior=False)
        return np.asarray(told.detach(), float)

    def seen(self, observed: np.ndarray) -> torch.Tensor:
        """Observations (observation,) or (n, observation) as the flow sees them."""
        import torch

        return torch.as_tensor((np.atleast_2d(observed) - self.centre) / self.scale, dtype=torch.float32)

    def save(self, path: Path) -> None:
        """Keep the flow in a file that `load` reads: tensors and whole numbers, and no objects."""
        import torch

        (parameters,) = self.posterior.posterior_estimator.input_shape
        kept = {
            "parameters": parameters,
            "epochs": self.epochs,
            "centre": torch.as_tensor(self.centre),
            "scale": torch.as_tensor(self.scale),
            "state": self.posterior.posterior_estimator.state_dict(),
        }
        torch.save(kept, path)


class _Silent:
    """A log of the learning that is not kept; sbi would write one into the folder it is called from."""

    log_dir = None

    def _nothing(self, *_: Any, **__: Any) -> None: ...

    log_metric = log_metrics = log_params = add_figure = flush = _nothing


def load(path: Path) -> Flow:
    """The flow that `save` has kept, rebuilt from its numbers; no object in the file is ever made.

    Raises UserError for a file that `save` has not written, or that is damaged.
    """
    import torch
    from sbi.inference.posteriors import DirectPosterior

    try:
        kept = torch.load(path, weights_only=True)
        centre, scale = np.asarray(kept["centre"], float), np.asarray(kept["scale"], float)
        # A flow takes its shapes from some parameters and observations, and its numbers from the file.
        shapes = torch.zeros(2, kept["parameters"]), torch.zeros(2, len(centre))
        estimator = _network()(*shapes)
        estimator.load_state_dict(kept["state"])
        epochs = int(kept["epochs"])
    except Exception as error:  # a damaged or foreign file can be wrong in any way
        raise UserError(
            f"{path} cannot be read ({first_line(error)}); delete it, and the same command trains the flow again"
        ) from None
    return Flow(DirectPosterior(estimator.eval(), _prior(kept["parameters"])), centre, scale, epochs)


def _prior(parameters: int) -> torch.distributions.Distribution:
    import torch

    return torch.distributions.MultivariateNormal(torch.zeros(parameters), torch.eye(parameters))


def _network() -> Callable[..., Any]:
    """What makes an untrained flow in the shapes of some parameters and observations."""
    from sbi.neural_nets import posterior_nn

    network: Callable[..., Any] = posterior_nn(
        "maf",
        z_score_theta="none",
        z_score_x="none",
        hidden_features=_FEATURES,
        num_transforms=_TRANSFORMS,
        dropout_probability=_DROPOUT,
    )
    return network


def check_installed() -> None:
    """Raise UserError where sbi is missing, before hours are spent on what it would learn from."""
    from importlib.util import find_spec

    if find_spec("sbi") is None:
        raise UserError("this needs sbi and PyTorch; install hybridwork[posterior]")


def train(scores: np.ndarray, simulated: np.ndarray, error: np.ndarray, seed: int) -> Flow:
    """A flow trained on `scores` (simulation, parameter) of the standard normal and what they gave.

    `simulated` is (simulation, observation) without error; `error` (observation,) the SD of error and discrepancy,
    which are drawn anew whenever a simulation is shown. The same seed gives the same flow on the same machine.
    """
    import torch
    from sbi.inference import NPE

    torch.manual_seed(seed)
    torch.set_num_threads(1)  # layers are so small that threads only wait for each other
    centre, scale = simulated.mean(axis=0), np.sqrt(simulated.var(axis=0) + error**2)
    theta = torch.as_tensor(scores, dtype=torch.float32)
    x = torch.as_tensor((simulated - centre) / scale, dtype=torch.float32)
    blur = torch.as_tensor(error / scale, dtype=torch.float32)

    def with_error(batch: list[Any]) -> list[torch.Tensor]:
        shown, seen, others = torch.utils.data.default_collate(batch)
        return [shown, seen + blur * torch.randn_like(seen), others]

    prior, network = _prior(theta.shape[1]), _network()
    learning = NPE(prior=prior, density_estimator=network, show_progress_bars=False, tracker=_Silent())
    with redirect_stdout(StringIO()):  # sbi prints when it has converged
        estimator = learning.append_simulations(theta, x).train(
            training_batch_size=_BATCH,
            learning_rate=_RATE,
            validation_fraction=_HELD_BACK,
            stop_after_epochs=_PATIENCE,
            max_num_epochs=_MOST_EPOCHS,
            dataloader_kwargs={"collate_fn": with_error},
        )
    return Flow(learning.build_posterior(estimator), centre, scale, int(learning.summary["epochs_trained"][-1]))
