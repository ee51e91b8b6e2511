"""JAX: fnn's trees as pytrees, JAX's keys, and the compiled `fold`, on a CPU or a GPU.

`epochs(..., fold=fnn.interop.jax.fold)` trains as `epochs(...)` does on NumPy, compiled. Here is one epoch:

>>> import jax, numpy as np, fnn, fnn.interop.jax
>>> data, model, optimizer = jax.device_put((np.ones((10, 2)), np.zeros((10, 1)))), fnn.linear(1), fnn.adam(0.1)
>>> step, start = fnn.train_step(model, fnn.mse, optimizer), optimizer.init(model.init(fnn.Key(0), (2,))[0])
>>> state, losses = fnn.interop.jax.fold(step, start, fnn.batches(fnn.Key(1), data, 4))
>>> state.step, len(losses)
(3, 3)

`fnn.predict` and `fnn.evaluate` are compiled, too, where the parameters are JAX's. JAX's own functions work as usual:
`jax.vmap`, `jax.grad`, `jax.jit(step)`, `jax.lax.scan`. A traced step draws from a `jax.random.key`; `key_of` makes one
of a `Key`. Build models and initialise parameters outside of traced functions.
"""

from fnn.interop.jax.compiled import fold
from fnn.interop.jax.orders import ahead
from fnn.interop.jax.trees import key_of

__all__ = ["ahead", "fold", "key_of"]
