"""Runs one handler once, in a process of its own, as Function Compute does: `drive.py FOLDER EVENT`.

FOLDER is first on the path, as /code is there; its `python` comes by PYTHONPATH, as there. Nothing of ours is imported,
and nothing else that the interpreter has not loaded anyway, so that what is measured is the handler's.

The last line that it prints is JSON: the modules that are loaded in the end, the most memory that the process had, in
kB, and the seconds from here to the return of the handler. (What wait4 tells of the memory would not do: it counts that
of the parent before `exec`.)
"""

import sys
import time

_STARTED = time.perf_counter()


class Function:
    """What the context says of the function."""

    name = "dataworks-extension"
    handler = "handler.handler"
    memory = 512
    timeout = 60
    version_id = ""
    qualifier = "LATEST"


class Context:
    """A context of python3.12, without credentials: those are in the environment.

    Source: https://help.aliyun.com/en/functioncompute/fc/context-1
    """

    request_id = "6D1F5A3C-2B4E-4F60-8A7B-9C0D1E2F3A4B"
    function = Function
    region = "cn-shanghai"
    account_id = "1234567890987654"
    logger = None
    log_project = ""
    log_store = ""


def main() -> None:
    """Run the handler on the event, and print what it took."""
    folder, file = sys.argv[1:]
    sys.path[0] = folder
    with open(file, "rb") as opened:  # noqa: PTH123  pathlib is not loaded yet
        event = opened.read()
    import handler  # noqa: PLC0415  it is what is measured

    context = Context()
    if hasattr(handler, "initialize"):
        handler.initialize(context)
    handler.handler(event, context)
    inside = time.perf_counter() - _STARTED
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:  # noqa: PTH123  as above
        peak = next(line.split()[1] for line in status if line.startswith("VmHWM:"))
    sys.stdout.write(f'\n{{"modules": {len(sys.modules)}, "peak_kb": {peak}, "inside_s": {inside}}}\n')


if __name__ == "__main__":
    main()
