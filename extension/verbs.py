"""The verbs of the command line, as they are known before they are loaded: what each is for, and where it is."""

from pathlib import Path

import msgspec

PROGRAM = "dataworks-extension"
"""What the program is called where the package is installed."""

COMPLETE = "_DATAWORKS_EXTENSION_COMPLETE"
"""The variable in which a shell asks what could follow, whatever the program is called."""


class Example(msgspec.Struct, frozen=True):
    """What to type after the program's name. It works as it stands where the file `needs` is there."""

    line: str
    needs: str = ""

    def works(self, folder: Path) -> bool:
        """Whether what it needs is in `folder`."""
        return (folder / self.needs).exists()


class Verb(msgspec.Struct, frozen=True, kw_only=True):
    """A verb: `room` is its module in `commands`, `command` its name there, `about` the first line of its help."""

    name: str
    task: str
    """What one is about to do who needs it."""
    room: str
    command: str
    about: str
    examples: tuple[Example, ...] = ()


VERBS = (
    Verb(
        name="invoke",
        task="Try it",
        room="invoking",
        command="invoke",
        about="Run the event in file EVENT through the real handler.",
        examples=(Example("invoke events/download-resources.json", "events/download-resources.json"),),
    ),
    Verb(
        name="events",
        task="Try it",
        room="describing",
        command="list_events",
        about="List the events of DataWorks, or describe one.",
        examples=(Example("events download-resources"),),
    ),
    Verb(
        name="policy",
        task="Write a policy",
        room="policies",
        command="policy",
        about="Validate and test policies, and print their schema.",
        examples=(
            Example("policy check policy.yaml", "policy.yaml"),
            Example("policy test", "cases"),
            Example("policy test examples/max-pt", "examples/max-pt"),
        ),
    ),
    Verb(
        name="review",
        task="Write a policy",
        room="reviewing",
        command="review_files",
        about="Judge code files of a repository as if committed.",
        examples=(Example("review sql", "sql"),),
    ),
    Verb(
        name="register",
        task="Set it up",
        room="registering",
        command="register",
        about="Say what to fill in where, to register the extension.",
        examples=(Example("register", "s.yaml"),),
    ),
    Verb(
        name="doctor",
        task="Set it up",
        room="diagnosing",
        command="doctor",
        about="Find out what is wrong with a set-up, and what to do about it.",
        examples=(Example("doctor", "s.yaml"),),
    ),
    Verb(
        name="serve",
        task="Run it",
        room="serving",
        command="serve",
        about="Run the self-managed service, behind EventBridge, with its pages.",
    ),
    Verb(
        name="replay",
        task="Look back",
        room="replaying",
        command="replay_log",
        about="Judge recorded events under another policy, and say what changes.",
        examples=(Example("replay records --policy policy.yaml", "records"),),
    ),
    Verb(
        name="completion",
        task="Set up the shell",
        room="completing",
        command="completion",
        about="Print what makes bash or zsh complete the command line.",
        examples=(Example("completion bash"),),
    ),
)
"""Every verb, in the order in which one comes to need them."""
