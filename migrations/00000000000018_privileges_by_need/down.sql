REVOKE SELECT (payment_intent_id, verdict, created_at) ON payment_callbacks FROM order_worker;
GRANT SELECT ON payment_callbacks TO order_worker;
GRANT SELECT ON payment_intent_events TO checkout_api;
REVOKE UPDATE (available, version) ON inventory FROM catalogue_keeper;
GRANT UPDATE ON inventory TO catalogue_keeper;
