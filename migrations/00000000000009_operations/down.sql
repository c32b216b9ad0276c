DROP TABLE schema_compatibility;
DROP TABLE admin_audit_log;
DROP TABLE invariant_check_results;
