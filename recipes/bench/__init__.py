"""The benchmark: workloads, peers, and the processes that measure them."""
