"""Entry points of the function: Function Compute calls `initialize` once for an instance, `handler` for each event."""

from extension import edges, pipeline
from extension.errors import ExtensionError

_extension: edges.Extension | None = None


def initialize(context: object) -> None:
    """Load policy and client. Raises on an environment or a policy that does not validate: the instance is not used."""
    try:
        _open(context)
    except ExtensionError as error:  # it says what to do: a trace of ours would only bury it
        raise error.with_traceback(None) from None


def handler(event: object, context: object) -> str:
    """Judge one event, post the verdict, and return it as JSON text: `checkResult` and `errorMessage`.

    `event` is bytes in Function Compute. Where the function has no initializer, the first call does its work.
    """
    return pipeline.run(event, _extension or _open(context), context)


def _open(context: object) -> edges.Extension:
    global _extension  # noqa: PLW0603  what an instance keeps between calls has no other place
    _extension = edges.Extension(context)
    return _extension
