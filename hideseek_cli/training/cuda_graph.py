"""A step's work on the network as a CUDA graph: recorded once and replayed, since a processor cannot launch the hundreds of
small kernels of a step as fast as a large GPU carries them out.

On other devices, and for batches of another shape, the same work is done as it comes.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

WARMING = 3
"""Steps before the one that is recorded, in which libraries choose and load their kernels."""
Work = Callable[[Tensor, Tensor], Float[Tensor, ""]]
"""Takes a batch, which wants no gradient, leaves gradients of its loss in the network's parameters, and returns the loss."""


def capture_graph(network: nn.Module, work: Work) -> Work:
    """The same work, after some steps without the processor. Parameters must have no gradients when it is called."""
    return _Recorded(network, work) if next(network.parameters()).is_cuda else work


class _Recorded:
    def __init__(self, network: nn.Module, work: Work) -> None:
        self.parameters, self.work = list(network.parameters()), work
        self.stream, self.seen = torch.cuda.Stream(), 0
        self.graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, images: Tensor, labels: Tensor) -> Tensor:
        if self.seen == 0:
            self.images, self.labels = torch.empty_like(images), torch.empty_like(labels)
        if (images.shape, labels.shape) != (self.images.shape, self.labels.shape):
            return self._aside(images, labels)
        self.seen += 1
        if self.seen <= WARMING:
            return self._aside(images, labels)
        if self.graph is None:
            self._record()
        assert self.graph is not None
        self.images.copy_(images)
        self.labels.copy_(labels)
        self.graph.replay()
        for parameter, gradient in zip(self.parameters, self.gradients, strict=True):
            parameter.grad = gradient
        return self.loss.clone()

    def _aside(self, images: Tensor, labels: Tensor) -> Tensor:
        """On the stream that recording happens on, which must not meet what another has begun."""
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            found = self.work(images, labels)
        torch.cuda.current_stream().wait_stream(self.stream)
        return found

    def _record(self) -> None:
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, stream=self.stream, capture_error_mode="thread_local"):
            self.loss = self.work(self.images, self.labels)
        self.gradients = [parameter.grad for parameter in self.parameters]
