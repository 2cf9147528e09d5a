"""torchvision's GoogLeNet, with the auxiliary classifiers of its paper and the methods that timm's networks have."""

import torch
import torchvision
from torch import nn

from competition.models.shipped_weights import refuse_untouched_statistics


class GoogLeNet(torchvision.models.GoogLeNet):
    """Szegedy et al. 2014 (https://arxiv.org/abs/1409.4842) with batch-norm; takes images from 16 pixels up.

    In training it outputs (logits, [first auxiliary logits, second]), else the logits (B, C); see `auxiliary.split`.
    """

    pretrained_cfg = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}  # the published weights came from TensorFlow
    auxiliary_names = ("aux1", "aux2")
    stage_starts = ("inception3a", "inception4a", "inception5a")
    num_features = 1024

    def __init__(self, drop_rate: float):
        super().__init__(num_classes=1000, aux_logits=True, transform_input=False, init_weights=True, dropout=drop_rate)
        self.num_classes = 1000

    def forward(self, inputs: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, list[torch.Tensor]]:
        output = super().forward(inputs)
        return (output.logits, [output.aux_logits1, output.aux_logits2]) if self.training else output

    def get_classifier(self) -> nn.Module:
        """Return the main classifier."""
        return self.fc

    def reset_classifier(self, num_classes: int) -> None:
        """Give all three classifiers new last layers with `num_classes` outputs."""
        self.num_classes = num_classes
        self.fc = nn.Linear(self.num_features, num_classes)
        for auxiliary in (self.aux1, self.aux2):
            auxiliary.fc2 = nn.Linear(auxiliary.fc2.in_features, num_classes)

    def group_matcher(self, coarse: bool = False) -> dict[str, str]:
        """Return timm's description of the layers, from the input up, for layer-wise learning rates."""
        return {"stem": r"^conv[123]\.", "third": r"^inception3", "fourth": r"^inception4", "fifth": r"^inception5"}


def create_googlenet(weights: str, drop_rate: float, drop_path_rate: float) -> GoogLeNet:
    """Return a GoogLeNet with 1,000 classes, with torchvision's weights for "hub" and random ones for "none" or a file.

    Raises ValueError for stochastic depth, which it can't have, and for weights that can't be had.
    """
    if drop_path_rate:
        raise ValueError(
            f"drop_path_rate: {drop_path_rate}, but googlenet has no residual branches to drop; set it to 0"
        )
    if weights in ("shipped", "documents"):
        raise ValueError(
            "network googlenet: no package ships its weights; set `weights: hub` (needs the internet) or `weights: "
            "none`"
        )
    network = GoogLeNet(drop_rate)
    if weights == "hub":
        try:
            network.load_state_dict(
                torchvision.models.GoogLeNet_Weights.IMAGENET1K_V1.get_state_dict(progress=False, check_hash=True)
            )
        except Exception as error:  # whatever the download raises: it has no base class of its own
            raise ValueError(
                f"network googlenet: torchvision's weights can't be had ({type(error).__name__}: {error}); "
                "set `weights: none` or name a file"
            ) from error
        refuse_untouched_statistics(network, "googlenet")
    return network
