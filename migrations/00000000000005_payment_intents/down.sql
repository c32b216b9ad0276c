DROP TABLE idempotency_keys;
ALTER TABLE inventory_movements DROP CONSTRAINT a_movement_is_for_an_existing_intent;
DROP TABLE payment_intent_events;
DROP TABLE payment_intent_items;
DROP TABLE payment_intents;
DROP FUNCTION follow_the_status_table();
