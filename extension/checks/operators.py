"""Checks on who asks for an operation: the user's ids, and the roles that the user has in the workspace."""

from collections.abc import Iterator

from extension import catalogue, events
from extension.checks import Need, row
from extension.checks.lists import compare
from extension.events import Event, Payload
from extension.settings import Ids, Listed, Names
from extension.verdict import Finding, Text, hit

OPERATOR_REFUSED = Text(
    en="This operation is not allowed for your account ({operator}). Ask the owner of the extension for permission.",
    zh="您的账号（{operator}）无权执行此操作。请向扩展程序负责人申请权限。",
)


def operator_id(event: Event[Payload | None], settings: Listed[Ids]) -> Iterator[Finding]:
    """User of the operation, by UID or by base id (`operator`, `operatorUid`, `operatorBaseId`).

    One of them in a list is enough. Uploads and downloads give both ids, other events the UID alone.

    Passes: {operator: "1"} with {allow: ["1"]}
    Hits: {operator: "2"} with {allow: ["1"]}
    """
    others = (operator for operator in event.operators if operator != event.operator)
    yield from compare(settings, OPERATOR_REFUSED, "operator", event.operator, *others)


NO_MEMBER = Text(
    en="You are no member of this workspace, so that this operation is not allowed. Ask its administrator.",
    zh="您不是该工作空间的成员，无权执行此操作。请联系工作空间管理员。",
)
ROLES_REFUSED = Text(
    en="This operation is not allowed for your roles in the workspace ({roles}). Ask its administrator.",
    zh="您在工作空间中的角色（{roles}）无权执行此操作。请联系工作空间管理员。",
)


def operator_roles(event: Event[Payload | None], settings: Listed[Names]) -> Iterator[Finding]:
    """Roles of the user in the workspace: at least one of `allow`, and none of `deny`.

    Roles are named by their codes: role_project_owner, role_project_admin, role_project_dev, role_project_pe (operation
    and maintenance), role_project_deploy, role_project_guest, role_project_security, and those of the tenant's own
    roles. A user who is no member of the workspace has none, so that `allow` does not let them pass and `deny` does.

    Passes: {roles: [role_project_admin, role_project_guest]} with {allow: [role_project_admin]}
    Hits: {roles: [role_project_dev]} with {allow: [role_project_admin]}
    """
    roles = sorted(events.had(event.roles))
    denied = any(settings.deny and role in settings.deny for role in roles)
    allowed = not settings.allow or any(role in settings.allow for role in roles)
    if not roles and not allowed:
        yield hit(NO_MEMBER)
    elif denied or not allowed:
        yield hit(ROLES_REFUSED, roles=", ".join(roles))


_ANY = frozenset(catalogue.BY_CODE)

# A table, one check a line.
# fmt: off
CHECKS = (
    row("operator.id", operator_id, Listed[Ids], _ANY, OPERATOR_REFUSED),
    row("operator.roles", operator_roles, Listed[Names], _ANY, ROLES_REFUSED, NO_MEMBER, needs=Need.ROLES),
)
# fmt: on
