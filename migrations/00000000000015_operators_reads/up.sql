-- What operators look up and steer, on top of what resolving cases needed.

-- The acts on one subject, newest first: a payment's story, a job's page.
CREATE INDEX admin_audit_log_of_subject ON admin_audit_log (subject, id);

-- A user's payments are found through the user's one cart.
GRANT SELECT (user_id) ON carts TO admin_console;
