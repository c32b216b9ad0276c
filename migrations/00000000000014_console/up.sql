-- A shop without an identity provider opens its console by grants: made on the server, shown once, and kept as digests.
CREATE TABLE admin_grants (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_sha256 bytea NOT NULL
        CONSTRAINT a_grant_keeps_the_digest_of_its_token CHECK (octet_length(token_sha256) = 32)
        CONSTRAINT a_token_is_granted_once UNIQUE,
    operator text NOT NULL
        CONSTRAINT a_grant_names_its_operator CHECK (char_length(btrim(operator)) BETWEEN 1 AND 255),
    role text NOT NULL
        CONSTRAINT a_granted_role_is_known CHECK (role IN ('viewer', 'operator')),
    granted_by text NOT NULL
        CONSTRAINT a_grant_names_who_gave_it CHECK (char_length(btrim(granted_by)) BETWEEN 1 AND 255),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_by text,
    CONSTRAINT a_grant_ends_within_30_days
        CHECK (expires_at > created_at AND expires_at <= created_at + interval '30 days'),
    CONSTRAINT a_revoked_grant_says_by_whom CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
COMMENT ON TABLE admin_grants IS 'Who was let into the console without an identity provider, by whom and until when.';
COMMENT ON COLUMN admin_grants.id IS 'Grows with time; what a grant is revoked by.';
COMMENT ON COLUMN admin_grants.token_sha256 IS 'SHA-256 of the token. The token itself is shown once and kept nowhere.';
COMMENT ON COLUMN admin_grants.operator IS 'The name its changes stand under in the audit log.';
COMMENT ON COLUMN admin_grants.role IS 'viewer reads, operator reads and changes.';
COMMENT ON COLUMN admin_grants.granted_by IS 'Who ran the command: login of the operating system and of the database.';
COMMENT ON COLUMN admin_grants.created_at IS 'When it was made.';
COMMENT ON COLUMN admin_grants.expires_at IS 'When it ends by itself.';
COMMENT ON COLUMN admin_grants.revoked_at IS 'When it was ended by hand.';
COMMENT ON COLUMN admin_grants.revoked_by IS 'Who ended it.';
CREATE TRIGGER a_grant_only_changes_by_being_revoked_once
    BEFORE UPDATE ON admin_grants
    FOR EACH ROW WHEN (
        OLD.revoked_at IS NOT NULL
        OR (OLD.token_sha256, OLD.operator, OLD.role, OLD.granted_by, OLD.created_at, OLD.expires_at)
           IS DISTINCT FROM
           (NEW.token_sha256, NEW.operator, NEW.role, NEW.granted_by, NEW.created_at, NEW.expires_at))
    EXECUTE FUNCTION refuse_change('a_grant_only_changes_by_being_revoked_once');
CREATE TRIGGER admin_grants_are_never_deleted
    BEFORE DELETE ON admin_grants
    FOR EACH ROW EXECUTE FUNCTION refuse_change('admin_grants_are_never_deleted');

GRANT SELECT, INSERT ON admin_grants TO admin_console;
GRANT UPDATE (revoked_at, revoked_by) ON admin_grants TO admin_console;

-- The audit page filters by who and by what, newest first.
CREATE INDEX admin_audit_log_of_operator ON admin_audit_log (operator, id);
CREATE INDEX admin_audit_log_of_action ON admin_audit_log (action, id);

-- The overview shows how old the oldest snapshot is. Sessions of other roles show their age only to readers of all
-- statistics; who migrates may lack the right to say so, and then the overview says what it cannot see.
DO $$
BEGIN
    IF NOT pg_has_role('admin_console', 'pg_read_all_stats', 'MEMBER') THEN
        GRANT pg_read_all_stats TO admin_console;
    END IF;
-- The second: another database of this cluster is granting it at this very moment.
EXCEPTION WHEN insufficient_privilege OR internal_error THEN
    RAISE NOTICE 'admin_console does not see how old other sessions'' snapshots are: GRANT pg_read_all_stats TO admin_console';
END
$$;
