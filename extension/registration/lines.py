"""Lines for the extension's parameters. None that is proposed switches off what any rule of the policy judges.

Source: https://www.alibabacloud.com/help/en/dataworks/user-guide/configure-extension-parameters
"""

from collections.abc import Iterator, Sequence

from extension import parameters
from extension.registration.form import Line, Point, Standing
from extension.rules import Policy, Rule

OWN = "extension."
"""What keys begin with that mean something to DataWorks."""


def lines(policy: Policy, ticked: Sequence[Point]) -> tuple[Line, ...]:
    """The lines: what can be switched off because nothing there is judged, what conditions read, and what is there."""
    return (*_switches(policy, ticked), *_read(policy), _MANUAL_PASS)


_MANUAL_PASS = Line(
    key="extension.manualPass.enabled",
    value="true",
    standing=Standing.OPTIONAL,
    why="Shows the button Mark as Passed beside a check that failed: what is blocked can then be let through by hand."
    " Leave it out, unless that is what you want.",
)


def _switches(policy: Policy, ticked: Sequence[Point]) -> Iterator[Line]:
    """Workspaces that every rule leaves out, for all events or for one. Rules in shadow and expired ones count, too."""
    known = sorted({name for rule in policy.rules for name in _excluded(rule)}, key=lambda name: (len(name), name))
    nowhere = [name for name in known if _never(policy.rules, name)]
    if nowhere:
        why = "Every rule leaves them out: nobody there has to wait. Take the line out before a rule is to judge there."
        yield _proposal("extension.project.disabled", nowhere, why)
    for code in (point.code for point in ticked):
        here = [name for name in known if name not in nowhere and _never(policy.plan[code], name)]
        if here:
            yield _proposal(f"extension.project.{code}.disabled", here, f"Every rule for {code} leaves them out.")


def _proposal(key: str, workspaces: Sequence[str], why: str) -> Line:
    return Line(key=key, value=",".join(workspaces), standing=Standing.PROPOSAL, why=why)


def _excluded(rule: Rule) -> Iterator[str]:
    """Workspaces that a rule leaves out by their id; a pattern cannot be said in a parameter."""
    without = rule.scope.except_workspaces
    return (name for name in (without.names if without else ()) if name.isdigit())


def _never(rules: Sequence[Rule], workspace: str) -> bool:
    """Whether none of the rules judges what is done in a workspace."""
    return not any(_judges(rule, workspace) for rule in rules)


def _judges(rule: Rule, workspace: str) -> bool:
    only, without = rule.scope.workspaces, rule.scope.except_workspaces
    return (only is None or workspace in only) and not (without and workspace in without)


def _read(policy: Policy) -> Iterator[Line]:
    """Keys of one's own that conditions read."""
    for key, rules in _keys(policy).items():
        if can_stand(key) and not key.startswith(OWN):
            why = f"The condition of {', '.join(rule.id for rule in rules)} reads it."
            missed = (without(rule) for rule in rules if not asks(rule))
            yield Line(key=key, value="", standing=Standing.NEEDED, why=" ".join((why, *missed)))


def _keys(policy: Policy) -> dict[str, list[Rule]]:
    """The keys that conditions read, with the rules that they are of."""
    found: dict[str, list[Rule]] = {}
    for rule in policy.rules:
        for key in sorted((rule.when.fields.get("parameters") if rule.when else None) or ()):
            found.setdefault(key, []).append(rule)
    return found


def can_stand(key: str) -> bool:
    """Whether a key comes back as it is, if it stands in a line, and nothing else does."""
    return key.isprintable() and parameters.parse(f"{key}=x") == {key: "x"}


def impossible(policy: Policy) -> dict[str, list[str]]:
    """Keys that conditions read and no line can have, with the ids of the rules."""
    return {key: [rule.id for rule in rules] for key, rules in _keys(policy).items() if not can_stand(key)}


def asks(rule: Rule) -> bool:
    """Whether a condition asks by itself which parameters there are."""
    return rule.when is not None and ("parameters",) in rule.when.checked.needs


def without(rule: Rule) -> str:
    """What a rule does where a parameter is not there that its condition reads."""
    return f"Without it the condition does not come out: rule {rule.id} hits ({rule.result}), saying so."


def whole(policy: Policy) -> tuple[str, ...]:
    """Rules whose conditions read the parameters by names that cannot be told."""
    return tuple(
        rule.id
        for rule in policy.rules
        if rule.when and "parameters" in rule.when.fields and rule.when.fields["parameters"] is None
    )
