-- What no statement needs is taken back. docs/roles.md lists what is left, with what it is for.

-- Stock that is reserved or sold is not the catalogue's to set.
REVOKE UPDATE ON inventory FROM catalogue_keeper;
GRANT UPDATE (available, version) ON inventory TO catalogue_keeper;

-- Answers of gateways are read by those who ask; checkout only moves intents.
REVOKE SELECT ON payment_intent_events FROM checkout_api;

-- What browsers brought back is judged by payment-callback and shown by the console; the worker counts from its time.
REVOKE SELECT ON payment_callbacks FROM order_worker;
GRANT SELECT (payment_intent_id, verdict, created_at) ON payment_callbacks TO order_worker;
