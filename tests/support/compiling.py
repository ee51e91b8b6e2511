"""Compiling takes most of the time of small tests, so these compile with little effort."""

from functools import cache

import jax

EFFORT = {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}


def quick_jit(function):
    """`jax.jit` that compiles in half the time; what it has compiled may be slower and round otherwise."""
    return jax.jit(function, compiler_options=known())


@cache
def known():
    """The options of `EFFORT` that this version of JAX has."""
    return {name: value for name, value in EFFORT.items() if is_known(name, value)}


def is_known(name, value):
    try:
        jax.jit(lambda: 0, compiler_options={name: value})()
    except RuntimeError as error:
        if "No such compile option" in str(error):
            return False
        raise
    return True
