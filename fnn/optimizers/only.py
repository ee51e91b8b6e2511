"""A rule for a part of a model: the parameters are chosen by their paths, and the others are left alone."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from fnn.arrays import Array
from fnn.optimizers.optimizer import Direct, Memory, Moves, Optimizer
from fnn.tree import Layout, Path, Span, TreeError
from fnn.values import constructor

__all__ = ["only"]


@constructor
def only(rule: Optimizer, where: Callable[[Path], bool] | str | Path) -> Optimizer:
    """`rule` for the parameters that `where` chooses. It leaves the others alone.

    rule    an optimizer
    where   where(path) says whether to choose the array at a path, such as `("encoder", "0", "weights")`. A name or a
            path, such as `"encoder"` or `("encoder", "0")`, chooses all arrays below it.

    As soon as one rule has a rate, a parameter that no rule with a rate covers keeps every bit, whatever its gradient
    and the weight decay. Clipping and `weight_decay` have no rate, and `Optimizer(..., has_rate=False)` says the same
    of a transformation of your own. Four examples:

    >>> from fnn.optimizers import adam, adamw, chain_updates, clip_by_global_norm, sgd, weight_decay
    >>> frozen_encoder = only(adamw(1e-3), "head")  # all but the head is frozen
    >>> rates_by_layer = chain_updates(only(sgd(0.01), "encoder"), only(sgd(0.1), "head"))
    >>> a_tenth_of_the_step = chain_updates(adam(1e-3), only(sgd(0.1), "encoder"))  # sgd multiplies by its rate
    >>> decay_by_choice = chain_updates(only(weight_decay(0.1), lambda path: path[-1] == "weights"), adam(1e-3))

    In a chain, the direction of a parameter that is not chosen goes to the next rule as it came. The rule sees zeros
    in the place of such parameters and their gradients: the norm of `only(clip_by_global_norm(1.0), "head")` is that of
    the head. Its memory has the size of all parameters, and `only` needs none of its own. Thus a training goes on from
    the same state with another choice, or with `rule` itself, for example to unfreeze an encoder.

    Raises `TypeError` for a rule that is not an `Optimizer` and for a `where` of another type, and `TreeError` in
    `init` and `update` if nothing is chosen.
    """
    if not isinstance(rule, Optimizer):
        remedy = "the rule comes first" if isinstance(where, Optimizer) else "call it to make one"
        raise TypeError(f"only: expected an optimizer, got {type(rule).__name__}; {remedy}")
    chosen = where if callable(where) else _below("only(where)", where)

    @lru_cache
    def located(layout: Layout) -> tuple[Direct, Moves]:
        mask = _mask(layout, chosen, where)
        inner, moves = rule.at(layout)

        def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
            xp = g.__array_namespace__()
            inside = xp.asarray(mask)
            memory, direction = inner(memory, xp.where(inside, g, 0.0), xp.where(inside, theta, 0.0), step)
            return memory, xp.where(inside, direction, g)

        return direct, None if moves is None else mask & moves

    def start(theta: Array, layout: Layout) -> Memory:
        located(layout)  # raises if nothing is chosen
        return rule.start(theta, layout)

    return Optimizer(start, _without_layout, "only", rule.rule, rule.has_rate, located)


def _below(what: str, where: Any) -> Callable[[Path], bool]:
    """Whether a path begins with the path `where`."""
    begin = (where,) if isinstance(where, str) else where
    if not isinstance(begin, tuple) or not begin or not all(isinstance(name, str) for name in begin):
        several = isinstance(begin, (list, set)) and begin
        remedy = f"; for several names, write lambda path: path[0] in {tuple(begin)}" if several else ""
        must = f'{what} must be a function of a path, a name or a path such as ("encoder", "0")'
        raise TypeError(f"{must}, got {where!r}{remedy}")
    return lambda path: path[: len(begin)] == begin


def _mask(layout: Layout, chosen: Callable[[Path], bool], where: Any) -> np.ndarray:
    """True for the elements of the flat vector whose path is chosen."""

    def walk(part: Layout, path: Path) -> Iterator[tuple[Path, int]]:
        for name, below in part.parts:
            if isinstance(below, Span):
                yield (*path, name), prod(below.shape)
            else:
                yield from walk(below, (*path, name))

    sizes = dict(walk(layout, ()))
    flags = [bool(chosen(path)) for path in sizes]
    if sizes and not any(flags):
        shown = getattr(where, "__name__", repr(where))
        hint = f"; write {tuple(where.split('.'))}" if isinstance(where, str) and "." in where else ""
        first, more = list(map(str, sizes))[:4], f" and {len(sizes) - 4} more" * (len(sizes) > 4)
        raise TreeError(f"only: {shown} chooses no parameters{hint}; the paths are {', '.join(first)}{more}")
    return np.repeat(np.array(flags, dtype=bool), list(sizes.values()))


def _without_layout(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
    raise TypeError("only(...) has no direct of its own; call at(layout), or put the whole rule into only")
