"""The benchmark's parts: workloads, peers, and the processes that measure them in turn."""
