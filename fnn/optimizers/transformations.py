"""What is composed with rules: weight decay and clipping, by `chain_updates`; and a rule for a part of a model."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from fnn.arrays import Array
from fnn.optimizers.optimizer import Direct, Memory, Moves, Optimizer, no_memory
from fnn.tree import Layout, Path, Span, TreeError
from fnn.values import constructor, number

__all__ = ["clip_by_global_norm", "clip_by_value", "only", "weight_decay"]


def _spans(part: Layout, path: Path = ()) -> Iterator[tuple[Path, Span, int]]:
    """The path of every array, its place, and the number of leading axes of the part in which it stands."""
    for name, below in part.parts:
        if isinstance(below, Span):
            yield (*path, name), below, len(part.lead)
        else:
            yield from _spans(below, (*path, name))


def _mask(layout: Layout, flags: list[bool]) -> np.ndarray:
    """One flag for each array as one for each element of the flat vector."""
    sizes = [span.stop - span.start for _, span, _ in _spans(layout)]
    return np.repeat(np.array(flags, bool), sizes)


def decay_mask(theta: Array, layout: Layout, matrices_only: bool) -> Array:
    """1.0 for parameters that decay, else 0.0: statistics, and with `matrices_only` arrays of less than two axes."""

    def decays(path: Path, span: Span, n_lead: int) -> bool:
        own_axes = len(layout.lead) + len(span.shape) - n_lead
        return "statistics" not in path and (own_axes >= 2 or not matrices_only)

    mask = _mask(layout, [decays(*each) for each in _spans(layout)])
    return theta.__array_namespace__().asarray(mask, dtype=theta.dtype)


@constructor
def weight_decay(decay: float, *, matrices_only: bool = True) -> Optimizer:
    """Adds λ θ to the direction: L2 regularisation in front of an optimizer, decoupled decay of rate λ behind it.

    By default biases do not decay. Raises `ValueError` for a negative λ.
    """
    decay = number("weight_decay(decay)", decay, 0)

    def start(theta: Array, layout: Layout) -> Memory:
        return (decay_mask(theta, layout, matrices_only),)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        (mask,) = memory
        return memory, g + decay * (mask * theta)

    return Optimizer(start, direct, has_rate=False, by_element=True)


@constructor
def clip_by_global_norm(limit: float) -> Optimizer:
    """Scales a direction that is longer than `limit` down to this length (Pascanu et al. 2013), for each network alone.

    g ← g · limit / max(‖g‖, limit). The length is computed of g / s, with s the larger of the limit and the largest
    element, because the square of an element overflows from 10¹⁹ on in float32. A shorter g keeps every bit.
    Raises `ValueError` unless the limit is positive.
    """
    limit = number("clip_by_global_norm(limit)", limit, 0, above=True)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        if 0 in g.shape:
            return memory, g
        xp = g.__array_namespace__()
        h = xp.abs(g)
        s = xp.maximum(xp.max(h, axis=-1, keepdims=True), limit)
        h /= s
        length = xp.sqrt(xp.vecdot(h, h))[..., None]
        longer = (s > limit) | (length > 1.0)
        g = g / xp.where(longer, s, 1.0)  # in two steps, because limit / s may be too small for a float
        g *= xp.where(longer, limit / length, 1.0)
        return memory, g

    return Optimizer(no_memory, direct, has_rate=False)


@constructor
def clip_by_value(limit: float) -> Optimizer:
    """Clips each element of the direction to [-limit, limit]. Raises `ValueError` unless the limit is positive."""
    limit = number("clip_by_value(limit)", limit, 0, above=True)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        return memory, g.__array_namespace__().clip(g, -limit, limit)

    return Optimizer(no_memory, direct, has_rate=False, by_element=True)


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
    chosen = where if callable(where) else _below(where)

    @lru_cache
    def located(layout: Layout) -> tuple[Direct, Moves]:
        mask = _mask(layout, _chosen(layout, chosen, where))
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


def _below(where: Any) -> Callable[[Path], bool]:
    """Whether a path begins with the path `where`."""
    begin = (where,) if isinstance(where, str) else where
    if not isinstance(begin, tuple) or not begin or not all(isinstance(name, str) for name in begin):
        several = isinstance(begin, (list, set)) and begin
        remedy = f"; for several names, write lambda path: path[0] in {tuple(begin)}" if several else ""
        must = 'a function of a path, a name or a path such as ("encoder", "0")'
        raise TypeError(f"only(where) must be {must}, got {where!r}{remedy}")
    return lambda path: path[: len(begin)] == begin


def _chosen(layout: Layout, chosen: Callable[[Path], bool], where: Any) -> list[bool]:
    """Whether the path of each array is chosen. Raises `TreeError` if none is."""
    paths = [path for path, *_ in _spans(layout)]
    flags = [bool(chosen(path)) for path in paths]
    if paths and not any(flags):
        shown = getattr(where, "__name__", repr(where))
        hint = f"; write {tuple(where.split('.'))}" if isinstance(where, str) and "." in where else ""
        more = f" and {len(paths) - 4} more" * (len(paths) > 4)
        raise TreeError(
            f"only: {shown} chooses no parameters{hint}; the paths are {', '.join(map(str, paths[:4]))}{more}"
        )
    return flags


def _without_layout(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
    raise TypeError("only(...) has no direct of its own; call at(layout), or put the whole rule into only")
