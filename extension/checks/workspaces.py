"""Checks on workspaces: which may be deleted, and which a rule is for at all."""

from collections.abc import Iterator

import msgspec

from extension import catalogue
from extension.checks import row
from extension.checks.lists import compare
from extension.events import Event, Payload, Unknown
from extension.payloads import WorkspaceDeletion
from extension.settings import Listed, WorkspaceIds
from extension.verdict import Finding, Text, hit, unread

DELETION_REFUSED = Text(
    en="The workspace {workspace} is protected and must not be deleted. Ask its administrator.",
    zh="工作空间 {workspace} 受保护，不允许删除。请联系该工作空间的管理员。",
)


class ProtectedWorkspaces(msgspec.Struct, frozen=True, kw_only=True):
    """Which workspaces stay."""

    deny: WorkspaceIds
    """Ids of workspaces that must not be deleted; `"*"` for all."""


def workspace_protected(event: Event[WorkspaceDeletion], settings: ProtectedWorkspaces) -> Iterator[Finding]:
    """Workspaces that are about to be deleted: none of `deny`.

    A workspace takes its nodes and their schedules with it.

    Passes: {projectId: 90214} with {deny: [90215]}
    Hits: {projectId: 90215} with {deny: [90215]}
    """
    workspace = event.workspace
    if isinstance(workspace, Unknown):
        yield unread(workspace)
    elif workspace in settings.deny:
        yield hit(DELETION_REFUSED, workspace=workspace)


WORKSPACE_REFUSED = Text(
    en="This operation is not allowed in the workspace {workspace}. Use another workspace, or ask its administrator.",
    zh="工作空间 {workspace} 中不允许执行此操作。请改用其他工作空间，或联系该工作空间的管理员。",
)


def workspace_id(event: Event[Payload | None], settings: Listed[WorkspaceIds]) -> Iterator[Finding]:
    """Workspace of the operation, by id (`projectId`, `appId` or `queryDwProjectId`).

    Passes: {projectId: 90214} with {deny: [90215]}
    Hits: {projectId: 90215} with {deny: [90215]}
    """
    yield from compare(settings, WORKSPACE_REFUSED, "workspace", event.workspace)


_WORKSPACE = ("delete-project",)
_ANY = frozenset(catalogue.BY_CODE)

# A table, one check a line.
# fmt: off
CHECKS = (
    row("workspace.protected", workspace_protected, ProtectedWorkspaces, _WORKSPACE, DELETION_REFUSED),
    row("workspace.id", workspace_id, Listed[WorkspaceIds], _ANY, WORKSPACE_REFUSED),
)
# fmt: on
