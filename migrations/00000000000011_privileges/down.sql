-- The later tables are gone or going; what is left to take back is the history of migrations.
REVOKE ALL ON __diesel_schema_migrations, schema_compatibility
    FROM checkout_api, payment_callback, order_worker, stale_job_reaper, admin_console, catalogue_keeper;
REVOKE ALL ON ALL TABLES IN SCHEMA public
    FROM checkout_api, payment_callback, order_worker, stale_job_reaper, admin_console, catalogue_keeper;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public
    FROM checkout_api, payment_callback, order_worker, stale_job_reaper, admin_console, catalogue_keeper;
