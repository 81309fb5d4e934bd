"""One process of several: a run under `torchrun`, or alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from n3cli.errors import ConfigError
from n3cli.networks.any_network import AnyNetwork
from n3cli.networks.network import Network


@dataclass(frozen=True)
class World:
    """Which process this is, of how many.

    Attributes:
        rank: number of this process over all machines.
        size: number of processes.
        local: number of this process on its machine, which is its GPU's.
        local_size: number of processes on its machine.
    """

    rank: int = 0
    size: int = 1
    local: int = 0
    local_size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes, prints and validates."""
        return self.rank == 0

    def device(self, chosen: torch.device) -> torch.device:
        """This process's own device of the chosen kind."""
        if chosen.type == "cuda" and chosen.index is None:
            return torch.device("cuda", self.local)
        return chosen

    def share(self, batch: int) -> slice:
        """The crops of a batch that are this process's.

        Raises:
            ConfigError: the batch cannot be shared out evenly.
        """
        if batch % self.size:
            raise ConfigError(
                "the number of crops per step (data.batch, data.final_batch) must be a multiple of "
                f"the {self.size} processes, not {batch}"
            )
        each = batch // self.size
        return slice(self.rank * each, (self.rank + 1) * each)

    def parallel(self, network: AnyNetwork, device: torch.device) -> nn.Module:
        """The network with gradients averaged over all processes.

        On GPUs batch norms of planes take their statistics from the whole batch; the CPU has no
        such layer, and there each process uses its own share's, as norms of distances do
        everywhere.
        """
        if self.size == 1:
            return network
        own = None
        if device.type == "cuda":
            _share_batch_norms(network)
            own = [device.index]
        # Some parameters get no gradient: a shift of distances, for one, changes no softmax. They
        # are the same in every step, unless one step is for one scale and the next for another.
        changing = isinstance(network, Network) and len(network.scales) > 1
        return DistributedDataParallel(
            network, own, static_graph=not changing, find_unused_parameters=changing
        )

    def largest(self, *values: float) -> list[float]:
        """Each value's maximum over all processes, so that they decide alike."""
        if self.size == 1:
            return list(values)
        shared = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(shared, dist.ReduceOp.MAX)
        return shared.tolist()

    def mean(self, value: float) -> float:
        """The mean over all processes."""
        if self.size == 1:
            return value
        shared = torch.tensor(value, dtype=torch.float64)
        dist.all_reduce(shared)
        return float(shared) / self.size


@contextmanager
def joined(device: torch.device) -> Iterator[World]:
    """Join the processes that `torchrun` started; alone where it did not.

    Raises:
        ConfigError: there is not a GPU for each of them, or torch cannot join them on GPUs.
    """
    if not dist.is_torchelastic_launched():
        yield World()
        return
    names = "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"
    world = World(*(int(os.environ[name]) for name in names))
    cuda = device.type == "cuda"
    if cuda:
        _check_gpus(world, device)
        torch.cuda.set_device(world.device(device))
    # Decisions are exchanged between CPUs, gradients between devices.
    dist.init_process_group("cpu:gloo,cuda:nccl" if cuda else "gloo")
    try:
        yield world
    finally:
        dist.destroy_process_group()


def _check_gpus(world: World, device: torch.device) -> None:
    processes, gpus = world.local_size, torch.cuda.device_count()
    if device.index is not None and processes > 1:
        raise ConfigError(
            f"--device {device} is one GPU for {processes} processes; give --device cuda, with "
            "which each process takes its own"
        )
    if processes > gpus:
        raise ConfigError(
            f"there are {processes} processes for {gpus} GPUs on this machine; start one for each "
            f"GPU (--nproc-per-node {gpus}), or give --device cpu"
        )
    if not dist.is_nccl_available():
        raise ConfigError(
            "the installed torch has no NCCL, by which processes on GPUs exchange gradients (there "
            "is none for Windows); start n3 train without torchrun, or give --device cpu"
        )


def _share_batch_norms(network: nn.Module) -> None:
    """Replace the batch norms of planes by ones over all processes.

    torch's own conversion would take those of distances too, which are more than a layer.
    """
    for module in list(network.modules()):
        for name, child in module.named_children():
            if type(child) is nn.BatchNorm2d:
                over_all = nn.SyncBatchNorm.convert_sync_batchnorm(child)  # type: ignore[no-untyped-call]
                setattr(module, name, over_all)
