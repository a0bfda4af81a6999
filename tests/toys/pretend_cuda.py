"""A CUDA device that is not there: tensors that say they are on it, and refuse to be mixed with those of the CPU.

Their numbers lie on the CPU. What torch would refuse on a real device is refused: ``numpy()``, an operation on tensors of both sides
(single numbers aside), a CPU tensor indexed or filled with the device's. Triton's loops are played by those of the CPU.
"""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_map

from vitreous.numerics import kernels
from vitreous.numerics.kernels import choice, cpu, reference

CUDA = torch.device("cuda:0")


class Pretend(torch.Tensor):
    """A tensor said to be on the device."""

    __torch_function__ = torch._C._disabled_torch_function_impl


def plain(value: object) -> object:
    """The tensor behind, sharing its memory."""
    return value.as_subclass(torch.Tensor) if isinstance(value, Pretend) else value


def there(value: object) -> object:
    """The tensor, said to be on the device."""
    return value.as_subclass(Pretend) if isinstance(value, torch.Tensor) else value


def target(args: tuple, kwargs: dict) -> tuple[str | None, tuple, dict]:
    """The device a call asks for, and the call with the CPU in its place."""
    asked = [a for a in (*args[1:], kwargs.get("device")) if isinstance(a, torch.device)]
    swap = lambda a: torch.device("cpu") if isinstance(a, torch.device) else a  # noqa: E731
    kwargs = {name: swap(value) for name, value in kwargs.items()}
    return (asked[0].type if asked else None), tuple(swap(a) for a in args), kwargs


class PretendCuda(TorchFunctionMode):
    """Within it ``torch.device("cuda")`` works, slowly and strictly."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        name, kwargs = getattr(function, "__name__", ""), kwargs or {}
        mine = bool(args) and isinstance(args[0], Pretend)
        if name == "__get__" and function in (torch.Tensor.device.__get__, torch.Tensor.is_cuda.__get__):
            if not mine:
                return function(*args)
            return CUDA if function == torch.Tensor.device.__get__ else True
        if name == "numpy" and mine:
            raise TypeError("can't convert a tensor of the device to numpy")
        if name == "cpu":
            return function(plain(args[0]))
        where, args, kwargs = target(args, kwargs)
        if name == "to" and len(args) > 1 and isinstance(args[1], torch.Tensor):
            where = "cuda" if isinstance(args[1], Pretend) else "cpu"
        tensors = [t for t in tree_flatten((args, kwargs))[0] if isinstance(t, torch.Tensor)]
        on_device = any(isinstance(t, Pretend) for t in tensors)
        self._refuse(name, args, tensors, on_device and where is None)
        result = function(*tree_map(plain, args), **tree_map(plain, kwargs))
        stays = (on_device and where is None) or where == "cuda"
        return tree_map(there, result) if stays else result

    @staticmethod
    def _refuse(name: str, args: tuple, tensors: list, check: bool) -> None:
        if not check:
            return
        if name in ("__getitem__", "__setitem__") and isinstance(args[0], Pretend):
            tensors = [t for t in args[2:] if isinstance(t, torch.Tensor)]  # an index may be on either side
        if any(not isinstance(t, Pretend) and t.ndim for t in tensors):
            raise RuntimeError(f"{name}: tensors of the device and of the CPU")


def given(*tensors: torch.Tensor) -> list[torch.Tensor]:
    """The tensors behind those of the device: a kernel reads no other memory."""
    assert all(isinstance(t, Pretend) for t in tensors), "a kernel was given a tensor of the CPU"
    return [plain(t).contiguous() for t in tensors]


def slices(ball, rotations, kx, ky, pad):
    """``triton_slices.slices``."""
    with torch._C.DisableTorchFunction():
        ball, rotations, kx, ky = given(ball, rotations, kx, ky)
        return there(reference.slices(ball, rotations.float(), kx, ky, pad))


class WholeSums:
    """``triton_insert.WholeSums``."""

    def __init__(self, m: int, device: torch.device) -> None:
        assert device.type == "cuda"
        self._shape = (2 * m + 1, 2 * m + 1, m + 1, 3)
        self._sums = np.zeros((1, np.prod(self._shape)), np.float32)

    def add(self, rotations, values, weights, kx, ky, pad):
        """Add slices; rotations may come from the CPU."""
        with torch._C.DisableTorchFunction():
            values, weights, kx, ky = given(values, weights, kx, ky)
            turns = np.ascontiguousarray(plain(rotations).float().numpy())
            cpu.insert(self._sums, self._shape[2] - 1, turns, values.numpy().view(np.float32), weights.numpy(), kx.numpy(), ky.numpy(),
                       np.float32(pad))  # fmt: skip

    def total(self):
        """Cells on the device."""
        with torch._C.DisableTorchFunction():
            return there(torch.from_numpy(self._sums[0].reshape(self._shape).copy()))


def rotate_sum(sums, rotations):
    """``triton_insert.rotate_sum``."""
    with torch._C.DisableTorchFunction():
        (sums,) = given(sums)
        out, turns = torch.empty_like(sums), np.ascontiguousarray(plain(rotations).float().numpy())
        cpu.rotate_sum(sums.numpy().reshape(-1), sums.shape[2] - 1, turns, out.numpy().reshape(-1))
        return there(out)


def normal_equations(ball, rows, rotations, shifts, images, transfers, weights, kx, ky, pad, size):
    """``triton_normal.normal_equations``."""
    with torch._C.DisableTorchFunction():
        ball, rows, rotations, shifts, images, transfers, weights, kx, ky = given(
            ball, rows, rotations, shifts, images, transfers, weights, kx, ky
        )
        flat, m = torch.view_as_real(ball).numpy().reshape(-1), ball.shape[-1] - 1
        misfit, H, g = np.zeros(len(rows)), np.zeros((len(rows), 5, 5)), np.zeros((len(rows), 5))
        for p, i in enumerate(rows.tolist()):
            misfit[p] = cpu.normal_equations(
                flat, m, rotations[p].double().numpy(), *shifts[p].tolist(), images[i].numpy().view(np.float32), transfers[i].numpy(),
                weights[i].numpy(), kx.numpy(), ky.numpy(), np.float32(pad), size, H[p], g[p],
            )  # fmt: skip
        return tuple(there(torch.from_numpy(each)) for each in (misfit, H, g))


def module(name: str, **contents: object) -> ModuleType:
    """A module of these things."""
    made = ModuleType(name)
    vars(made).update(contents)
    return made


def install(monkeypatch) -> PretendCuda:
    """Put the loops above where Triton's are looked for; the mode to work in."""
    monkeypatch.setattr(choice, "find_spec", lambda name: object())
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (4 * 10**9, 4 * 10**9))
    parts = {"triton_slices": {"slices": slices}, "triton_insert": {"WholeSums": WholeSums, "rotate_sum": rotate_sum},
             "triton_normal": {"normal_equations": normal_equations}}  # fmt: skip
    for name, contents in parts.items():
        made = module(name, **contents)
        monkeypatch.setitem(sys.modules, f"vitreous.numerics.kernels.{name}", made)
        monkeypatch.setattr(kernels, name, made, raising=False)
    return PretendCuda()
