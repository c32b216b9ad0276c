use super::Case;

pub(super) const CASES: &[Case] = &[
    (
        "a_grant_keeps_the_digest_of_its_token",
        "INSERT INTO admin_grants (token_sha256, operator, role, granted_by, expires_at)
         VALUES ('short', 'x', 'viewer', 'x', now() + interval '1 hour')",
    ),
    (
        "a_token_is_granted_once",
        "INSERT INTO admin_grants (token_sha256, operator, role, granted_by, expires_at)
         SELECT token_sha256, 'x', 'viewer', 'x', now() + interval '1 hour' FROM admin_grants",
    ),
    (
        "a_grant_names_its_operator",
        "INSERT INTO admin_grants (token_sha256, operator, role, granted_by, expires_at)
         VALUES (sha256('x'), ' ', 'viewer', 'x', now() + interval '1 hour')",
    ),
    (
        "a_granted_role_is_known",
        "INSERT INTO admin_grants (token_sha256, operator, role, granted_by, expires_at)
         VALUES (sha256('x'), 'x', 'root', 'x', now() + interval '1 hour')",
    ),
    (
        "a_grant_names_who_gave_it",
        "INSERT INTO admin_grants (token_sha256, operator, role, granted_by, expires_at)
         VALUES (sha256('x'), 'x', 'viewer', '', now() + interval '1 hour')",
    ),
    (
        "a_grant_ends_within_30_days",
        "INSERT INTO admin_grants (token_sha256, operator, role, granted_by, expires_at)
         VALUES (sha256('x'), 'x', 'viewer', 'x', now() + interval '31 days')",
    ),
    (
        "a_grant_ends_within_30_days",
        "INSERT INTO admin_grants (token_sha256, operator, role, granted_by, expires_at)
         VALUES (sha256('x'), 'x', 'viewer', 'x', now())",
    ),
    ("a_revoked_grant_says_by_whom", "UPDATE admin_grants SET revoked_at = now()"),
    (
        "a_grant_only_changes_by_being_revoked_once",
        "UPDATE admin_grants SET expires_at = expires_at + interval '1 hour'",
    ),
    (
        "a_grant_only_changes_by_being_revoked_once",
        "UPDATE admin_grants SET revoked_at = now(), revoked_by = 'x';
         UPDATE admin_grants SET revoked_at = NULL, revoked_by = NULL",
    ),
    ("admin_grants_are_never_deleted", "DELETE FROM admin_grants"),
];
