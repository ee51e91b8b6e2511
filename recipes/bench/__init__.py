"""The benchmark: workloads, peers, and the processes that measure them.

Its modules are imported by their own names: a measured process imports few of them, and its start is measured too.
"""
