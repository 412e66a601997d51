"""Flow: an estimate of the posterior of the influential parameters given the observations (NPE, by sbi).

Parameters are standard normal scores, so that draws stay within the ranges. The flow is trained on simulations with
error and discrepancy, which are drawn again each time that a simulation is used.

Source: Papamakarios and Murray (2016); Greenberg, Nonnenmacher and Macke (2019); Boelts and others (2025).
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
_VALIDATION = 0.1
"""Share of the simulations that decide when training stops."""


@dataclass(frozen=True)
class Flow:
    """A trained flow. It standardises observations by `centre` and `scale`."""

    posterior: DirectPosterior
    centre: np.ndarray
    scale: np.ndarray
    epochs: int

    def draw(self, observed: np.ndarray, count: int, seed: int) -> np.ndarray:
        """Return scores (count, parameter) from the posterior at observations (observation,)."""
        import torch

        torch.manual_seed(seed)
        draws = self.posterior.sample((count,), x=self.standardised(observed), show_progress_bars=False)
        return np.asarray(draws, float)

    def draw_many(self, observed: np.ndarray, count: int, seed: int) -> np.ndarray:
        """Return scores (count, n, parameter) from the posterior at each of n sets of observations (n, observation)."""
        import torch

        torch.manual_seed(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # sbi reports its batch size
            draws = self.posterior.sample_batched((count,), x=self.standardised(observed), show_progress_bars=False)
        return np.asarray(draws, float)

    def log_density(self, scores: np.ndarray, observed: np.ndarray) -> np.ndarray:
        """Return the log density (draw,) of the posterior at scores (draw, parameter)."""
        import torch

        theta = torch.as_tensor(scores, dtype=torch.float32)
        density = self.posterior.log_prob(theta, x=self.standardised(observed), norm_posterior=False)
        return np.asarray(density.detach(), float)

    def standardised(self, observed: np.ndarray) -> torch.Tensor:
        """Return observations (observation,) or (n, observation) in SD from the mean of the training data."""
        import torch

        return torch.as_tensor((np.atleast_2d(observed) - self.centre) / self.scale, dtype=torch.float32)

    def save(self, path: Path) -> None:
        """Write the flow to a file that `load` reads: tensors and whole numbers, and no objects."""
        import torch

        (parameters,) = self.posterior.posterior_estimator.input_shape
        content = {
            "parameters": parameters,
            "epochs": self.epochs,
            "centre": torch.as_tensor(self.centre),
            "scale": torch.as_tensor(self.scale),
            "state": self.posterior.posterior_estimator.state_dict(),
        }
        torch.save(content, path)


class _Silent:
    """A log that discards its entries; sbi would write one into the working folder."""

    log_dir = None

    def _nothing(self, *_: Any, **__: Any) -> None: ...

    log_metric = log_metrics = log_params = add_figure = flush = _nothing


def load(path: Path) -> Flow:
    """Return the flow of a file, rebuilt from its numbers; no object in the file is created.

    Raises UserError for a file that is damaged or that `save` has not written.
    """
    import torch
    from sbi.inference.posteriors import DirectPosterior

    try:
        content = torch.load(path, weights_only=True)
        centre, scale = np.asarray(content["centre"], float), np.asarray(content["scale"], float)
        # the shapes of a flow come from example parameters and observations, its numbers from the file
        shapes = torch.zeros(2, content["parameters"]), torch.zeros(2, len(centre))
        estimator = _network()(*shapes)
        estimator.load_state_dict(content["state"])
        epochs = int(content["epochs"])
    except Exception as error:  # a damaged or foreign file can be wrong in any way
        raise UserError(
            f"Cannot read {path}: {first_line(error)}. Delete it, and the same command trains the flow again."
        ) from None
    return Flow(DirectPosterior(estimator.eval(), _prior(content["parameters"])), centre, scale, epochs)


def _prior(parameters: int) -> torch.distributions.Distribution:
    import torch

    return torch.distributions.MultivariateNormal(torch.zeros(parameters), torch.eye(parameters))


def _network() -> Callable[..., Any]:
    """Return a function that builds an untrained flow in the shapes of example parameters and observations."""
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
    """Raise UserError if sbi is missing, before hours of simulation."""
    from importlib.util import find_spec

    if find_spec("sbi") is None:
        raise UserError("Missing packages: sbi and PyTorch. Install hybridwork[posterior].")


def train(scores: np.ndarray, simulated: np.ndarray, error: np.ndarray, seed: int) -> Flow:
    """Return a trained flow. The same seed gives the same flow on the same machine.

    It learns scores (simulation, parameter) from simulated observations (simulation, observation). Each time that a
    simulation is used, error and discrepancy are drawn again, with SD `error` (observation,).
    """
    import torch
    from sbi.inference import NPE

    torch.manual_seed(seed)
    torch.set_num_threads(1)  # threads would slow down layers this small
    centre, scale = simulated.mean(axis=0), np.sqrt(simulated.var(axis=0) + error**2)
    theta = torch.as_tensor(scores, dtype=torch.float32)
    x = torch.as_tensor((simulated - centre) / scale, dtype=torch.float32)
    blur = torch.as_tensor(error / scale, dtype=torch.float32)

    def with_error(batch: list[Any]) -> list[torch.Tensor]:
        parameters, simulations, others = torch.utils.data.default_collate(batch)
        return [parameters, simulations + blur * torch.randn_like(simulations), others]

    prior, network = _prior(theta.shape[1]), _network()
    learning = NPE(prior=prior, density_estimator=network, show_progress_bars=False, tracker=_Silent())
    with redirect_stdout(StringIO()):  # sbi prints when it has converged
        estimator = learning.append_simulations(theta, x).train(
            training_batch_size=_BATCH,
            learning_rate=_RATE,
            validation_fraction=_VALIDATION,
            stop_after_epochs=_PATIENCE,
            max_num_epochs=_MOST_EPOCHS,
            dataloader_kwargs={"collate_fn": with_error},
        )
    return Flow(learning.build_posterior(estimator), centre, scale, int(learning.summary["epochs_trained"][-1]))
