REVOKE SELECT (user_id) ON carts FROM admin_console;
DROP INDEX admin_audit_log_of_subject;
