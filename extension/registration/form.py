"""What `register` says, as a structure: its JSON is for machines, and keys are added to it, not renamed or removed."""

from enum import StrEnum

import msgspec


class Hosting(StrEnum):
    """What can take the events of the policy.

    `UNVERIFIED`: DataWorks documents Function Compute for the data download alone; whether it sends the other events of
    downloads and uploads, too, is unverified.
    """

    EITHER = "either"
    UNVERIFIED = "unverified"
    SELF_MANAGED = "self-managed"


class Host(StrEnum):
    """What is gone by: a function that DataWorks calls itself, or a service behind EventBridge."""

    FUNCTION = "function"
    SERVICE = "service"


class Level(StrEnum):
    """What the extension is registered for; `MIXED` is refused by the console, `NONE` has nothing to tick."""

    TENANT = "tenant"
    WORKSPACE = "workspace"
    MIXED = "mixed"
    NONE = "none"


class Standing(StrEnum):
    """What a parameter line is: proposed, to be filled in for a condition, or there to be chosen."""

    PROPOSAL = "proposal"
    NEEDED = "needed"
    OPTIONAL = "optional"


class Setting(StrEnum):
    """Whether a variable is set already; `LATER`: its value is known after the registration alone."""

    SET = "set"
    MISSING = "missing"
    LATER = "later"


class RuleName(msgspec.Struct, frozen=True, kw_only=True):
    """A rule, and whether it is in shadow."""

    id: str
    shadow: bool


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """An event that the policy judges: an extension point to tick, or a regular event to subscribe to."""

    code: str
    name: str
    """As the documents call it in English, else when it is sent."""
    name_zh: str
    """As the Chinese documents call it; empty where they were not seen to."""
    module: str
    level: str
    event_type: str
    rules: tuple[RuleName, ...]
    note: str
    """What DataWorks documents about when it is sent, empty for nothing."""

    @property
    def is_shadow(self) -> bool:
        """Whether nothing but rules in shadow judges it: DataWorks waits for a verdict that is always OK."""
        return all(rule.shadow for rule in self.rules)


class Half(msgspec.Struct, frozen=True, kw_only=True):
    """One of two extensions that a policy of both levels needs; `both` are rules that go into each, narrowed."""

    level: str
    points: tuple[str, ...]
    rules: tuple[str, ...]
    both: tuple[str, ...]


class Forced(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that Function Compute hosting does not suffice for, and because of which events."""

    rule: str
    events: tuple[str, ...]


class Hosted(msgspec.Struct, frozen=True, kw_only=True):
    """What can take the events, why, and which rules decide that."""

    kind: Hosting
    chosen: Host
    why: str
    forced: tuple[Forced, ...]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the extension's parameters. `value` is empty for one that is to be filled in."""

    key: str
    value: str
    standing: Standing
    why: str

    @property
    def text(self) -> str:
        """The line as the registration takes it, with a word where a value is to be filled in."""
        return f"{self.key}={self.value or 'VALUE'}"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where EventBridge pushes to, by the names of its console."""

    service_type: str
    url: str
    """Empty where EXTENSION_URL and EVENTBRIDGE_URL are not set."""
    body: str
    network_type: str
    token_set: bool
    """Whether EVENTBRIDGE_TOKEN is set. It is never said."""
    retry_policy: str
    dead_letter_queue: bool


class Bridge(msgspec.Struct, frozen=True, kw_only=True):
    """The rule of EventBridge."""

    region: str
    bus: str
    pattern: dict[str, list[str]]
    pattern_text: str
    target: Target
    signature: tuple[str, ...]
    """What is verified of a push."""


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """A variable to set after the registration. `dotenv` is its name in `.env`, empty where `s` does not deploy it.

    `value` is what it is or should be, empty for one that is secret, or not known.
    """

    name: str
    dotenv: str
    value: str
    secret: bool
    standing: Setting
    why: str


class Permission(msgspec.Struct, frozen=True, kw_only=True):
    """A RAM action, and what needs it."""

    action: str
    why: str
    rules: tuple[str, ...]
    """Rules that need it; none where every verdict does."""


class Deployed(msgspec.Struct, frozen=True, kw_only=True):
    """What s.yaml says."""

    file: str
    region: str
    """That of the function that answers, else of the first."""
    role: str
    """That of the function that answers, empty where there is none."""
    hosted: str
    """Name of the function that DataWorks calls itself, empty where there is none."""
    service: str
    """Name of the function that is the self-managed service, empty where there is none."""


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the console asks, and what goes with it."""

    policy: str
    digest: str
    language: str
    deployment: Deployed
    name: str
    description: str
    owners: tuple[str, ...]
    level: Level
    halves: tuple[Half, ...]
    """The two extensions that are needed; none where one is enough."""
    hosting: Hosted
    points: tuple[Point, ...]
    """Extension points to tick."""
    regular: tuple[Point, ...]
    """Events that nobody waits for: they cannot be blocked, and are not to be ticked."""
    test_workspace: bool
    """Whether the form wants a test workspace."""
    details_url: str
    document_url: str
    parameters: tuple[Line, ...]
    options: dict[str, object] | None
    options_text: str
    bridge: Bridge | None
    """None for a function that DataWorks calls itself."""
    variables: tuple[Variable, ...]
    apis: tuple[str, ...]
    """OpenAPIs that whoever enables the extension agrees to."""
    permissions: tuple[Permission, ...]
    steps: tuple[str, ...]
    problems: tuple[str, ...]
    """What keeps it from being registered as it is, or wants a look."""
