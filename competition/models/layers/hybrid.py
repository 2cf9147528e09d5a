"""An EfficientNet whose last feature map goes through two Swin blocks: convolutions see strokes, attention the page."""

import torch
from timm.models.efficientnet import EfficientNet
from timm.models.swin_transformer import SwinTransformerBlock
from torch import nn

WIDTH, HEADS, WINDOW = 256, 8, 7  # channels, attention heads of 32 channels, cells: as in Swin


class Hybrid(nn.Module):
    """Encoder -> 1x1 convolution -> windowed attention, then shifted -> norm, mean, dropout, linear head.

    The encoder's widening before its own classifier is left out. A map no larger than a window is attended to as a
    whole. Made for one image size; others work, on windows of that size. Liu et al. 2021,
    https://arxiv.org/abs/2103.14030.
    """

    def __init__(self, plain: EfficientNet, size: int, drop_rate: float = 0.0, drop_path_rate: float = 0.0):
        """plain: a whole network with its weights, used up; size: pixels, height and width."""
        super().__init__()
        self.pretrained_cfg, self.num_classes = plain.pretrained_cfg, plain.num_classes
        channels = plain.conv_head.in_channels
        plain.conv_head, plain.bn2, plain.global_pool, plain.classifier = (nn.Identity() for _ in range(4))
        self.encoder = plain
        self.projection = nn.Conv2d(channels, WIDTH, 1)
        shape = _map_shape(plain, size)
        self.swin = nn.Sequential(
            *(
                SwinTransformerBlock(
                    WIDTH,
                    shape,
                    HEADS,
                    window_size=WINDOW,
                    shift_size=shift,
                    dynamic_mask=True,
                    drop_path=drop_path_rate,
                )
                for shift in (0, WINDOW // 2)
            )
        )
        self.norm = nn.LayerNorm(WIDTH)
        self.drop = nn.Dropout(drop_rate)
        self.head = nn.Linear(WIDTH, self.num_classes)
        self.num_features = WIDTH
        for layer in self.swin.modules():
            if isinstance(layer, nn.Linear):
                nn.init.trunc_normal_(layer.weight, std=0.02)
                nn.init.zeros_(layer.bias)

    @property
    def stage_starts(self) -> tuple[str, ...]:
        """The first module of each stage, from the input up; the Swin blocks with their projection are the last."""
        return (*(f"encoder.blocks.{n}" for n in range(len(self.encoder.blocks))), "projection")

    def forward_features(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return (B, H, W, 256) of normalised images (B, 3, S, S)."""
        cells = self.projection(self.encoder.forward_features(inputs)).permute(0, 2, 3, 1)
        return self.norm(self.swin(cells))

    def forward_head(self, cells: torch.Tensor, pre_logits: bool = False) -> torch.Tensor:
        """Return (B, C) logits of (B, H, W, 256), or the pooled (B, 256)."""
        pooled = self.drop(cells.mean(dim=(1, 2)))
        return pooled if pre_logits else self.head(pooled)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.forward_head(self.forward_features(inputs))

    def get_classifier(self) -> nn.Module:
        """Return the classifier."""
        return self.head

    def reset_classifier(self, num_classes: int) -> None:
        """Put a new classifier with `num_classes` outputs in the place of the old one."""
        self.num_classes = num_classes
        self.head = nn.Linear(WIDTH, num_classes)

    def group_matcher(self, coarse: bool = False) -> dict[str, str]:
        """Return timm's description of the layers, from the input up, for layer-wise learning rates."""
        blocks = r"^encoder\.blocks\.(\d+)" if coarse else r"^encoder\.blocks\.(\d+)\.(\d+)"
        return {
            "stem": r"^encoder\.(?:conv_stem|bn1)\.",
            "blocks": blocks,
            "projection": r"^projection",
            "swin": r"^swin\.(\d+)",
        }


def create_hybrid(plain: nn.Module, size: int, drop_rate: float, drop_path_rate: float) -> Hybrid:
    """Return the hybrid of `plain` (timm's, whole, with its weights), random behind the encoder.

    Raises ValueError for a network that isn't an EfficientNet.
    """
    if not isinstance(plain, EfficientNet):
        raise ValueError(
            f"hybrid_...: {type(plain).__name__} is no EfficientNet of timm's; try hybrid_tf_efficientnet_lite0"
        )
    return Hybrid(plain, size, drop_rate, drop_path_rate)


def _map_shape(encoder: EfficientNet, size: int) -> tuple[int, int]:
    training = encoder.training
    with torch.no_grad():
        shape = encoder.eval().forward_features(torch.zeros(1, 3, size, size)).shape
    encoder.train(training)
    return tuple(shape[-2:])
