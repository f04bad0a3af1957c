"""The keypoint loss."""

from __future__ import annotations

import torch
from torch import nn

#: Object keypoint similarity's tolerance, as a share of the animal's size. Ultralytics' default for other than COCO's
#: 17 keypoints is 1/K: with five, a keypoint anywhere on the animal would count as right.
SIGMA = 0.05


class KeypointLoss(nn.Module):
    """Distance in units of SIGMA times the animal's size, with heavy tails: log(1 + d^2 / 2).

    Ultralytics' 1 - exp(-d^2) has no gradient for a keypoint that is far away, such as a head taken for a tail.
    """

    def __init__(self, sigma: float):
        super().__init__()
        self.sigma = sigma

    def forward(self, predicted: torch.Tensor, true: torch.Tensor, seen: torch.Tensor, area: torch.Tensor) -> torch.Tensor:
        distance = (predicted[..., :2] - true[..., :2]).pow(2).sum(-1) / ((2 * self.sigma) ** 2 * (area + 1e-9))
        weight = seen.shape[1] / (seen.sum(dim=1, keepdim=True) + 1e-9)
        return (weight * torch.log1p(distance / 2) * seen).mean()
