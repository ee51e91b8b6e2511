"""Autoencoders of digits (figures 10 to 15).

The experiments are autoencoder_grid, reconstructions, latent_space, interpolation and denoising. They share
`autoencoder`, the network and its training, and `study`. The other files test it: `cells`, `denoiser`, `pairs`,
`reading` and `restored`.
"""
