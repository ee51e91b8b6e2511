"""JAX: fnn's trees as pytrees, JAX's keys, and the compiled `fold`, on a CPU or a GPU.

`epochs(..., fold=fnn.interop.jax.fold)` trains as `epochs(...)` does on NumPy, compiled:

>>> import jax, numpy as np, toolz, fnn, fnn.interop.jax
>>> from itertools import islice
>>> x, y = np.linspace(-1, 1, 10, dtype=np.float32)[:, None], np.ones((10, 1), np.float32)
>>> def last_loss(fold, data):
...     model, optimizer = fnn.linear(1), fnn.adam(0.1)
...     step, start = fnn.train_step(model, fnn.mse, optimizer), optimizer.init(model.init(fnn.Key(0), (1,))[0])
...     progresses = fnn.epochs(step, lambda i: fnn.batches(fnn.fold_in(fnn.Key(1), i), data, 4), start, fold=fold)
...     return round(float(toolz.last(islice(progresses, 20)).state.loss), 3)
>>> last_loss(fnn.fold, (x, y)) == last_loss(fnn.interop.jax.fold, jax.device_put((x, y)))
True

Then `fnn.predict` and `fnn.evaluate` are compiled, too, where the parameters are JAX's.

JAX's own functions work as usual: `jax.vmap`, `jax.grad`, `jax.jit(step)`, `jax.lax.scan`. A traced step draws from a
`jax.random.key`; `key_of` makes one of a `Key`. Build models and initialise parameters outside of traced functions.
"""

from fnn.interop.jax.compiled import fold
from fnn.interop.jax.orders import ahead
from fnn.interop.jax.trees import key_of

__all__ = ["ahead", "fold", "key_of"]
