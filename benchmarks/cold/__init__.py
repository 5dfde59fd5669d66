"""What a cold start costs: whole processes of several handlers, side by side, from their start to the posted verdict.

`packages` builds the folders that are deployed, `drive` runs one handler in a process as Function Compute would, `runs`
starts these processes in turns and measures them, `warm` measures calls inside one process, and `report` makes ratios,
targets and the table of it.

Run by `make bench`; benchmarks/README.md says what is compared and how.
"""
