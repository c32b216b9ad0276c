DROP INDEX admin_audit_log_of_action;
DROP INDEX admin_audit_log_of_operator;
DROP TABLE admin_grants;
-- Roles belong to the cluster, and with them what they are members of: another database may need it.
