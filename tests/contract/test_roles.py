"""Who may do what: the table of the definition, held against the role that each operation asks for."""

import pytest

from shared.contracts.identity import Role
from tests.harness.operations import TENANT_OPERATIONS, Operation

RIGHTS: dict[Role, tuple[str, ...]] = {
    # archive the organization, transfer ownership
    Role.OWNER: ("archiveOrganization", "restoreOrganization", "transferOwnership"),
    Role.ADMIN: (
        # members
        *("inviteMember", "changeMember", "listInvitations", "resendInvitation", "revokeInvitation"),
        # settings of the organization
        *("updateOrganization", "saveSyncSettings", "setAlertLimits", "setNotificationDefaults", "chooseReportReaders"),
        # connections, and what leaves by them
        *("createStripeConnection", "updateStripeConnection", "listStripeConnections", "createWebhookEndpoint"),
        # API keys and the audit log
        *("createApiKey", "revokeApiKey", "listApiKeys", "listAuditEntries", "exportAuditEntries", "getAuditEntry"),
        # link and unlink accounts
        *("mapCustomer", "unmapCustomer"),
    ),
    # plans, imports, drafts of reports
    Role.MEMBER: ("createVenture", "savePlan", "importPlan", "createGoal", "importMetrics", "createReport"),
    # dashboards and reports
    Role.VIEWER: ("getPortfolio", "listReports", "getReportPdf", "listVentures", "listAlerts"),
}
ONES_OWN = {
    *("readNotification", "unreadNotification", "readAllNotifications", "setNotificationPreferences"),
    "removeMember",  # oneself; anybody else needs an admin
    "previewWhatIf",  # writes nothing
}
"""What a viewer may send all the same."""


@pytest.mark.parametrize(("role", "identity"), [(role, each) for role, its in RIGHTS.items() for each in its])
def test_a_right_is_whose_it_is(role: Role, identity: str):
    assert [operation.needs for operation in TENANT_OPERATIONS if operation.id == identity] == [role]


@pytest.mark.parametrize("operation", TENANT_OPERATIONS, ids=str)
def test_a_viewer_changes_nothing(operation: Operation):
    if operation.method != "GET":
        assert (operation.needs is Role.VIEWER) == (operation.id in ONES_OWN)
    if operation.needs is Role.OWNER:
        assert operation.id in RIGHTS[Role.OWNER], "what only owners may do stands in the table"
