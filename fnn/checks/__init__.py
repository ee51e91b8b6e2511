"""Checks: the laws of a layer, a model's summary, and what passes through its layers."""

from fnn.checks.explain import explain
from fnn.checks.laws import LAWS, check_layer
from fnn.checks.probes import LawError, check_vjp
from fnn.checks.summary import summary

__all__ = ["LAWS", "LawError", "check_layer", "check_vjp", "explain", "summary"]
