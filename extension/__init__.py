"""DataWorks extension for Function Compute: an event in, a verdict posted."""

import sys

__version__ = "0.1.0"

# msgspec takes typing_extensions where it is installed, which the SDK has it be: 12 ms for what Python has itself. None
# in its place is how an import is made to fail.
_hidden = [name for name in ("typing_extensions",) if name not in sys.modules]
sys.modules.update(dict.fromkeys(_hidden))  # type: ignore[arg-type]  # None is no module, and is meant
try:
    import msgspec  # noqa: F401  it is loaded here, and used elsewhere
finally:
    for _name in _hidden:
        del sys.modules[_name]
