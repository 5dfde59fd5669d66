"""All built-in checks, family by family: what a policy can name, in the order of the reference."""

from extension.checks import (
    approvals,
    backfills,
    calendars,
    files,
    integrations,
    nodes,
    operators,
    quality,
    sql,
    tables,
    transfers,
    workspaces,
)

BY_ID = {
    check.id: check
    for family in (
        *(transfers, files, sql, tables, nodes, backfills, integrations, quality, approvals, workspaces, operators),
        calendars,
    )
    for check in family.CHECKS
}
