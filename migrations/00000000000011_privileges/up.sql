-- Each role can do its own work and nothing else. shipping_address is readable to checkout and worker only.

-- All services: is this schema one I can work with?
GRANT SELECT ON schema_compatibility, __diesel_schema_migrations
    TO checkout_api, payment_callback, order_worker, stale_job_reaper, admin_console, catalogue_keeper;

-- catalogue_keeper: imports and stock changes by people.
GRANT SELECT, INSERT, UPDATE ON vendor_profiles, products, product_variants, inventory TO catalogue_keeper;
GRANT SELECT, INSERT ON inventory_movements TO catalogue_keeper;
GRANT EXECUTE ON FUNCTION set_stock(text, integer, text) TO catalogue_keeper;

-- checkout_api: sells from the catalogue, keeps carts, makes intents.
GRANT SELECT ON vendor_profiles, products, product_variants, inventory, orders, order_items TO checkout_api;
GRANT UPDATE (available, reserved, version) ON inventory TO checkout_api;
GRANT INSERT ON inventory_movements TO checkout_api;
GRANT SELECT, INSERT ON carts TO checkout_api;
GRANT UPDATE (version, updated_at) ON carts TO checkout_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON cart_items TO checkout_api;
GRANT SELECT, INSERT ON payment_intents, payment_intent_items TO checkout_api;
GRANT UPDATE (status, status_cause, reservation, gateway_reference, question_closed_at, updated_at)
    ON payment_intents TO checkout_api;
GRANT SELECT, INSERT ON payment_intent_events TO checkout_api;
GRANT SELECT, INSERT, UPDATE ON idempotency_keys TO checkout_api;
GRANT SELECT (id, payment_intent_id, verdict) ON payment_callbacks TO checkout_api;
GRANT SELECT, INSERT ON job_queue TO checkout_api;
GRANT UPDATE (run_at, updated_at) ON job_queue TO checkout_api;

-- What every service sees of an intent and of an order without the address.
GRANT SELECT (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status,
              status_cause, reservation, subtotal_minor, discount_minor, shipping_minor, tax_minor, amount_minor,
              refunded_minor, currency, expires_at, last_asked_at, not_found_answers, question_closed_at, created_at, updated_at)
    ON payment_intents TO payment_callback, stale_job_reaper, admin_console;
GRANT SELECT (id, order_number, payment_intent_id, user_id, cart_id, cart_round, status, fulfillment_status,
              subtotal_minor, discount_minor, shipping_minor, tax_minor, total_minor, currency, created_at)
    ON orders TO payment_callback, stale_job_reaper, admin_console;

-- payment_callback: stores what came back, asks, records the answer.
GRANT UPDATE (status, status_cause, reservation, last_asked_at, not_found_answers, question_closed_at, refunded_minor, updated_at)
    ON payment_intents TO payment_callback;
GRANT SELECT ON payment_intent_items TO payment_callback;
GRANT SELECT, INSERT ON payment_intent_events, payment_callbacks TO payment_callback;
GRANT SELECT, INSERT ON payment_gateway_verifications TO payment_callback;
GRANT UPDATE (status, raw_response, updated_at) ON payment_gateway_verifications TO payment_callback;
GRANT SELECT, INSERT ON review_cases, refunds TO payment_callback;
GRANT UPDATE (detail, status, resolution, resolved_by, resolution_reason, resolved_at) ON review_cases TO payment_callback;
GRANT UPDATE (status, settled_at) ON refunds TO payment_callback;
GRANT UPDATE (status) ON orders TO payment_callback;
GRANT SELECT (variant_id, available, reserved, version) ON inventory TO payment_callback;
GRANT UPDATE (available, reserved, version) ON inventory TO payment_callback;
GRANT INSERT ON inventory_movements TO payment_callback;
GRANT SELECT, INSERT ON job_queue TO payment_callback;
GRANT UPDATE (run_at, updated_at) ON job_queue TO payment_callback;

-- order_worker: runs jobs; makes orders.
GRANT SELECT, INSERT ON job_queue TO order_worker;
GRANT UPDATE (status, attempts, crash_count, run_at, locked_by, locked_until, lease_no, last_error, updated_at,
              completed_at, failed_at) ON job_queue TO order_worker;
GRANT SELECT ON carts, payment_intents, payment_intent_items, payment_callbacks TO order_worker;
GRANT UPDATE (version, round, updated_at) ON carts TO order_worker;
GRANT SELECT, DELETE ON cart_items TO order_worker;
GRANT UPDATE (quantity) ON cart_items TO order_worker;
GRANT UPDATE (status, status_cause, reservation, last_asked_at, not_found_answers, question_closed_at, refunded_minor, updated_at)
    ON payment_intents TO order_worker;
GRANT SELECT, INSERT ON payment_intent_events TO order_worker;
GRANT SELECT, INSERT ON payment_gateway_verifications TO order_worker;
GRANT UPDATE (status, raw_response, updated_at) ON payment_gateway_verifications TO order_worker;
GRANT SELECT, INSERT ON orders, order_items TO order_worker;
GRANT UPDATE (status) ON orders TO order_worker;
GRANT SELECT ON inventory TO order_worker;
GRANT UPDATE (available, reserved, sold, version) ON inventory TO order_worker;
GRANT INSERT ON inventory_movements TO order_worker;
GRANT SELECT, INSERT ON review_cases, refunds TO order_worker;
GRANT UPDATE (detail, status, resolution, resolved_by, resolution_reason, resolved_at) ON review_cases TO order_worker;
GRANT UPDATE (status, settled_at) ON refunds TO order_worker;

-- stale_job_reaper: rescues, expires, re-enqueues, forgets what is finished.
GRANT SELECT, INSERT, DELETE ON job_queue TO stale_job_reaper;
GRANT UPDATE (status, attempts, crash_count, run_at, locked_by, locked_until, lease_no, last_error, updated_at,
              completed_at, failed_at) ON job_queue TO stale_job_reaper;
GRANT EXECUTE ON FUNCTION requeue_stale_jobs() TO stale_job_reaper;
GRANT UPDATE (status, status_cause, reservation, updated_at) ON payment_intents TO stale_job_reaper;
GRANT SELECT ON payment_intent_items TO stale_job_reaper;
GRANT SELECT, INSERT ON payment_intent_events TO stale_job_reaper;
GRANT SELECT (variant_id, available, reserved, version) ON inventory TO stale_job_reaper;
GRANT UPDATE (available, reserved, version) ON inventory TO stale_job_reaper;
GRANT INSERT ON inventory_movements TO stale_job_reaper;
GRANT SELECT, INSERT ON review_cases TO stale_job_reaper;
GRANT UPDATE (detail) ON review_cases TO stale_job_reaper;
GRANT SELECT (user_id, idempotency_key, created_at, leased_until), DELETE ON idempotency_keys TO stale_job_reaper;
GRANT SELECT, INSERT, UPDATE, DELETE ON invariant_check_results TO stale_job_reaper;
GRANT SELECT ON invariant_violations TO stale_job_reaper, admin_console;

-- admin_console: sees everything but addresses and raw callbacks; its changes come with its issue.
GRANT SELECT ON vendor_profiles, products, product_variants, inventory, inventory_movements, payment_intent_items,
    payment_intent_events, payment_gateway_verifications, order_items, refunds, review_cases, job_queue,
    invariant_check_results, admin_audit_log TO admin_console;
GRANT SELECT (id, payment_intent_id, provider, kind, verdict, reason, is_truncated, created_at)
    ON payment_callbacks TO admin_console;
GRANT INSERT ON admin_audit_log TO admin_console;
GRANT EXECUTE ON FUNCTION requeue_stale_jobs() TO admin_console;
