"""JAX, the tests' oracle, computes in float64 where it is given float64."""

import jax

jax.config.update("jax_enable_x64", True)
