CREATE TABLE invariant_check_results (
    invariant text NOT NULL,
    subject text NOT NULL,
    detail text NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (invariant, subject)
);
COMMENT ON TABLE invariant_check_results IS 'What the reaper last found in invariant_violations.';
COMMENT ON COLUMN invariant_check_results.invariant IS 'The broken invariant.';
COMMENT ON COLUMN invariant_check_results.subject IS 'What breaks it.';
COMMENT ON COLUMN invariant_check_results.detail IS 'How.';
COMMENT ON COLUMN invariant_check_results.first_seen_at IS 'When it was first found.';
COMMENT ON COLUMN invariant_check_results.last_seen_at IS 'When it was last found.';

CREATE TABLE admin_audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    reason text NOT NULL
        CONSTRAINT an_action_has_a_reason CHECK (char_length(btrim(reason)) BETWEEN 1 AND 1000),
    before jsonb,
    after jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE admin_audit_log IS 'Append-only: who changed what by hand, when and why.';
COMMENT ON COLUMN admin_audit_log.id IS 'Grows with time.';
COMMENT ON COLUMN admin_audit_log.operator IS 'The operator''s subject.';
COMMENT ON COLUMN admin_audit_log.action IS 'What was done.';
COMMENT ON COLUMN admin_audit_log.subject IS 'To what.';
COMMENT ON COLUMN admin_audit_log.reason IS 'Why, in the operator''s words.';
COMMENT ON COLUMN admin_audit_log.before IS 'State before.';
COMMENT ON COLUMN admin_audit_log.after IS 'State after.';
COMMENT ON COLUMN admin_audit_log.created_at IS 'When.';
CREATE TRIGGER admin_audit_log_is_append_only
    BEFORE UPDATE OR DELETE ON admin_audit_log
    FOR EACH ROW EXECUTE FUNCTION refuse_change('admin_audit_log_is_append_only');
CREATE TRIGGER admin_audit_log_is_never_truncated
    BEFORE TRUNCATE ON admin_audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('admin_audit_log_is_append_only');

CREATE TABLE schema_compatibility (
    is_the_only_row boolean NOT NULL DEFAULT true PRIMARY KEY
        CONSTRAINT schema_compatibility_has_one_row CHECK (is_the_only_row),
    minimum_binary_version text NOT NULL
);
INSERT INTO schema_compatibility (minimum_binary_version) VALUES ('00000000000001');
COMMENT ON TABLE schema_compatibility IS 'One row: which binaries this schema still serves.';
COMMENT ON COLUMN schema_compatibility.is_the_only_row IS 'Always true.';
COMMENT ON COLUMN schema_compatibility.minimum_binary_version IS
    'Binaries whose newest embedded migration is older are not ready; set by a contracting migration.';
