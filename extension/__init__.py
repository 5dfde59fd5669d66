"""DataWorks extension for Function Compute: an event in, a verdict posted."""

import sys

__version__ = "0.1.0"

# msgspec takes typing_extensions where it is installed, which the SDK has it be: 12 ms for what Python has itself.
if "typing_extensions" not in sys.modules:
    sys.modules["typing_extensions"] = None  # type: ignore[assignment]  # which is how an import is made to fail
    try:
        import msgspec  # noqa: F401
    finally:
        del sys.modules["typing_extensions"]
