-- Roles belong to the cluster, not to this database: they may exist already, and another database of the
-- same cluster may be creating them at this very moment.
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY[
        'checkout_api', 'payment_callback', 'order_worker', 'stale_job_reaper', 'admin_console', 'catalogue_keeper'
    ] LOOP
        -- Where they exist, whoever migrates need not be able to make roles.
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
        -- Whoever made them may start any service with the same login; production logins are made members
        -- of one role each, and the login that migrates of none.
        IF NOT pg_has_role(current_user, role_name, 'MEMBER') THEN
            BEGIN
                EXECUTE format('GRANT %I TO CURRENT_USER', role_name);
            EXCEPTION WHEN insufficient_privilege THEN
                NULL;
            END;
        END IF;
    END LOOP;
END
$$;

-- Raised by triggers of append-only tables. The trigger's first argument is the constraint's name.
CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: %', TG_OP, TG_TABLE_NAME, replace(TG_ARGV[0], '_', ' ')
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
END
$$;
REVOKE ALL ON FUNCTION refuse_change() FROM PUBLIC;
COMMENT ON FUNCTION refuse_change() IS 'Trigger: refuses the change in the name of the constraint given as its argument.';
