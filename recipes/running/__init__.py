"""What carries recipes out: plans, sweeps of runs, and the files that keep their results."""
