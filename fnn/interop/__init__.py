"""Bridges to other libraries, one module for each. Import the one you need by its name: `import fnn.interop.jax`."""
