"""A network by name, ready to be fine-tuned: its weights, its head, its input's mean and deviation."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import nn

from competition.common.errors import examples
from competition.models.classifier import set_head
from competition.models.document_weights import DOCUMENT_PACKAGES, load_document_weights
from competition.models.freezing import check_tuning
from competition.models.heads import HEADS
from competition.models.layers.fast import with_fast_layers
from competition.models.shipped_weights import MEAN_STD, PACKAGES, load_shipped, refuse_untouched_statistics
from competition.models.weights import load_weights_file
from competition.settings.member import NO_FILES, NetworkSettings

HYBRID = "hybrid_"


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation of each RGB channel, of pixels in 0..1."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __call__(self, pixels: torch.Tensor, device: torch.device | None = None) -> torch.Tensor:
        """Return uint8 (B, H, W, 3) as normalised float32 (B, 3, H, W) on `device`, channels-last in memory.

        Bytes are sent to a GPU, a quarter of what floats take. device: None for where `pixels` are.
        """
        pixels = pixels.to(device or pixels.device, non_blocking=True)
        scale, minus_shift = _rows(self, pixels.shape[2], pixels.device)
        rows = pixels.flatten(2).float()  # (B, H, 3 * W): whole rows at a time are ten times faster than three channels
        torch.addcmul(minus_shift, rows, scale, out=rows)
        return rows.view(pixels.shape).permute(0, 3, 1, 2)


@lru_cache(16)
@torch.inference_mode(False)
def _rows(normalisation: Normalisation, width: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the factor of a row of `width` pixels, and what is added to it, (3 * width,) each."""
    mean, std = torch.tensor(normalisation.mean), torch.tensor(normalisation.std)
    return (1 / (255 * std)).repeat(width).to(device), (-(mean / std)).repeat(width).to(device)


def create_network(settings: NetworkSettings, n_classes: int, seed: int = 0) -> tuple[nn.Module, Normalisation]:
    """Return a network with `n_classes` outputs and its normalisation; all that is random in it comes from `seed`.

    `settings.network`: a name of timm's, googlenet, or hybrid_<an EfficientNet of timm's>. In training googlenet
    outputs a tuple: see `auxiliary.split`. Raises, before any work is done, ValueError for an unknown name,
    weights that can't be had, a head, a tuning mode or an image size that the network can't take; FileNotFoundError and
    ModuleNotFoundError for missing weights.
    """
    network = _plain_network(settings, n_classes, seed)
    return with_fast_layers(network).to(memory_format=torch.channels_last), _normalisation(network, settings)


def packages_of(settings: NetworkSettings) -> tuple[str, ...]:
    """Return the distributions that the network's layers and weights come from."""
    packages = {"shipped": PACKAGES, "documents": DOCUMENT_PACKAGES}.get(settings.weights, {})
    shipping = packages.get(settings.network.removeprefix(HYBRID))
    return ("torch", "torchvision", "timm", *([shipping] if shipping else []))


def network_to_load(settings: NetworkSettings, n_classes: int, plain: bool = False) -> tuple[nn.Module, Normalisation]:
    """Return what `create_network` does, with random weights, for trained ones to be loaded into; nothing is fetched.

    plain: of torch's and timm's own layers alone, as exporters know them; weights have the same names. Raises as
    `create_network`.
    """
    network = _plain_network(settings.model_copy(update={"weights": "none"}), n_classes, 0)
    normalise = _normalisation(network, settings)
    return (network if plain else with_fast_layers(network).to(memory_format=torch.channels_last)), normalise


def _plain_network(settings: NetworkSettings, n_classes: int, seed: int) -> nn.Module:
    name = settings.network
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _with_weights(settings)
        set_head(network, settings, n_classes)
    if settings.weights not in NO_FILES:
        load_weights_file(network, settings.weights)
    _check_sizes(network, settings)
    if settings.network_use == "trained":
        check_tuning(network, settings)
    elif not hasattr(network, "forward_intermediates"):
        raise ValueError(
            f"network {name}: kind: features needs the maps of several stages, which it doesn't give; use kind: "
            "finetuned"
        )
    for module in network.modules():
        if hasattr(module, "inplace"):
            module.inplace = False  # on a CPU, activations in place are the slower ones (docs/log.md)
    return network


def _normalisation(network: nn.Module, settings: NetworkSettings) -> Normalisation:
    """Return the mean and deviation that go with `settings.weights`."""
    own = network.pretrained_cfg["mean"], network.pretrained_cfg["std"]
    mean, std = MEAN_STD.get(settings.network.removeprefix(HYBRID), own) if settings.weights == "shipped" else own
    return Normalisation(tuple(mean), tuple(std))


def _with_weights(settings: NetworkSettings) -> nn.Module:
    name, rates = settings.network, settings.drop_rates
    if HEADS[settings.head_name].own_dropout:
        rates["drop_rate"] = 0.0
    if name == "googlenet":
        from competition.models.layers.googlenet import create_googlenet

        return create_googlenet(settings.weights, **rates)
    if name.startswith(HYBRID):
        from competition.models.layers.hybrid import create_hybrid

        plain = _timm_network(name.removeprefix(HYBRID), settings, {"drop_path_rate": rates["drop_path_rate"]})
        return create_hybrid(plain, settings.size, **rates)
    return _timm_network(name, settings, rates)


def _timm_network(name: str, settings: NetworkSettings, rates: dict[str, float]) -> nn.Module:
    import timm  # takes seconds

    if not timm.is_model(name):
        near = timm.list_models(f"*{name.split('.')[0][-12:]}*")
        raise ValueError(f"network {name!r}: timm doesn't know it{'; perhaps ' + examples(near) if near else ''}")
    extra = {key: rate for key, rate in rates.items() if rate}
    *others, last = _size_arguments(name, settings)
    for arguments in others:
        try:
            return _created(name, settings.weights, extra | arguments)
        except TypeError:
            continue  # not an argument of this network
    try:
        return _created(name, settings.weights, extra | last)
    except TypeError as error:
        raise ValueError(
            f"network {name}: can't be made with {', '.join(extra) or 'these settings'} ({error}); set what it doesn't "
            "take to 0"
        ) from error


def _size_arguments(name: str, settings: NetworkSettings) -> list[dict]:
    """Return the arguments by which timm may be told the image size, best first: networks differ in them."""
    import timm

    config = timm.get_pretrained_cfg(name, allow_unregistered=True)
    if config is None or not config.fixed_input_size:
        return [{}]
    fixed = {"img_size": settings.size}
    return [*([fixed | {"dynamic_img_size": True}] if settings.first_pixels != settings.size else []), fixed, {}]


def _created(name: str, weights: str, extra: dict) -> nn.Module:
    import timm

    if weights == "hub":
        try:
            network = timm.create_model(name, pretrained=True, **extra)
        except TypeError:
            raise
        except Exception as error:  # whatever the hub client raises: it has no base class of its own
            raise ValueError(
                f"network {name}: the hub's weights can't be had ({type(error).__name__}: {error}); "
                "set `weights: shipped` or `weights: none`"
            ) from error
        refuse_untouched_statistics(network, name)
        return network
    try:
        network = timm.create_model(name, pretrained=False, **extra)
    except (RuntimeError, AssertionError, ArithmeticError, ValueError) as error:
        raise ValueError(
            f"network {name}: can't be made with {extra} ({type(error).__name__}: {_line(error)})"
        ) from error
    if weights == "shipped":
        load_shipped(network, name)
    elif weights == "documents":
        load_document_weights(network, name)
    return network


def _check_sizes(network: nn.Module, settings: NetworkSettings) -> None:
    """Raise ValueError for an image size, the first or the last, at which the network fails on one black image."""
    training = network.training
    for size in sorted({settings.first_pixels, settings.size}):
        try:
            with torch.no_grad():
                network.eval()(torch.zeros(1, 3, size, size))
        except (RuntimeError, AssertionError, ArithmeticError, ValueError) as error:
            key = "size" if size == settings.size else "first_size"
            raise ValueError(
                f"network {settings.network}: can't take images of {size} pixels ({_line(error)}); change {key}"
            ) from error
    network.train(training)


def _line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
