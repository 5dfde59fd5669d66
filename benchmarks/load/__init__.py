"""The function under load, with faults: whether every user who waits gets one verdict, and what the instances grow by.

`platform` sends events to instances of the function, each in a process of its own, as Function Compute runs them; they
call a DataWorks on loopback in a third process, where a share of all calls fails in every way of `extension.faults`.

Run by `make load`.
"""
