//! Breaches of what is promised about stock, orders and carts.

use crate::cases::{Case, OPEN, ORDERED, case};

pub(crate) const CASES: &[Case] = &[
    case(
        "stock_is_never_negative",
        "tin",
        "ALTER TABLE inventory DROP CONSTRAINT sold_stock_is_never_negative;
         UPDATE inventory SET sold = sold - 2 WHERE variant_id = 'tin';
         INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason) VALUES ('tin', 0, 0, -2, 'x')",
    ),
    case(
        "reserved_stock_is_what_intents_hold",
        "tea",
        "UPDATE inventory SET available = available - 1, reserved = reserved + 1 WHERE variant_id = 'tea';
         INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason) VALUES ('tea', -1, 1, 0, 'x')",
    ),
    case(
        "movements_reproduce_stock",
        "tea",
        "UPDATE inventory SET available = available + 1 WHERE variant_id = 'tea'",
    ),
    case(
        "movements_follow_the_reservation",
        OPEN,
        "INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id)
         VALUES ('tea', 0, -1, 0, 'x', '{open}'), ('tea', 0, 1, 0, 'x', NULL)",
    ),
    case(
        "movements_follow_the_reservation",
        OPEN,
        "INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id)
         VALUES ('tin', 0, 1, 0, 'of a variant it does not have', '{open}'), ('tin', 0, -1, 0, 'x', NULL)",
    ),
    case(
        "reservation_ends_with_its_intent",
        OPEN,
        "UPDATE payment_intents SET expires_at = now() - interval '61 seconds' WHERE payment_intent_id = '{open}'",
    ),
    case(
        "intent_becomes_one_order",
        ORDERED,
        "ALTER TABLE orders DROP CONSTRAINT an_intent_becomes_one_order, DROP CONSTRAINT a_cart_round_becomes_one_order;
         INSERT INTO orders (id, order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, shipping_address)
         SELECT '00000000-0000-4000-8000-00000000000c', 'ORD-CCCCCCCCCC', payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, '{}' FROM orders;
         INSERT INTO order_items (order_id, variant_id, vendor_id, product_name, title, sku, quantity, unit_price_minor, line_total_minor)
         SELECT '00000000-0000-4000-8000-00000000000c', variant_id, vendor_id, product_name, title, sku, quantity, unit_price_minor, line_total_minor FROM order_items",
    ),
    case(
        "completed_intent_has_its_order",
        ORDERED,
        "{unguard} DELETE FROM order_items; DELETE FROM orders; UPDATE carts SET round = 1",
    ),
    case(
        "order_settles_its_reservation",
        ORDERED,
        "{unguard} ALTER TABLE payment_intents DROP CONSTRAINT status_and_reservation_go_together;
         UPDATE payment_intents SET reservation = 'released' WHERE payment_intent_id = '{ordered}';
         {disown_sale}",
    ),
    case(
        "order_has_items",
        ORDERED,
        "{unguard} ALTER TABLE orders DROP CONSTRAINT order_total_is_positive;
         ALTER TABLE payment_intents DROP CONSTRAINT intent_amount_is_positive;
         DELETE FROM order_items;
         DELETE FROM payment_intent_items WHERE payment_intent_id = '{ordered}';
         UPDATE orders SET subtotal_minor = 0, total_minor = 0;
         UPDATE payment_intents SET subtotal_minor = 0, amount_minor = 0 WHERE payment_intent_id = '{ordered}';
         UPDATE payment_gateway_verifications SET amount_minor = 0;
         {disown_sale}",
    ),
    case("order_lines_are_the_snapshot", ORDERED, "{unguard} UPDATE order_items SET product_name = 'other'"),
    case(
        "order_lines_are_the_snapshot",
        ORDERED,
        "INSERT INTO order_items (order_id, variant_id, vendor_id, product_name, sku, quantity, unit_price_minor, line_total_minor)
         SELECT id, 'tea', 'ilam', 'Orthodox tea', 'TEA-100', 1, 0, 0 FROM orders",
    ),
    case(
        "order_number_is_given_once",
        ORDERED,
        "{unguard} ALTER TABLE orders DROP CONSTRAINT order_number_is_readable_on_the_phone; UPDATE orders SET order_number = 'ORD-1'",
    ),
    case("bought_cart_moves_to_its_next_round", ORDERED, "UPDATE carts SET round = 1"),
    case("bought_cart_moves_to_its_next_round", ORDERED, "UPDATE carts SET version = 1"),
    case("closed_cart_round_has_its_order", OPEN, "UPDATE carts SET round = 3"),
    case(
        "cart_has_one_open_intent",
        OPEN,
        "DROP INDEX a_cart_has_one_open_intent;
         INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status,
             status_cause, reservation, subtotal_minor, shipping_minor, amount_minor, shipping_address, expires_at)
         VALUES ('pi_esewa_cccccccccccccccccccccccccc', 'sita', '00000000-0000-4000-8000-000000000001', 2, 2, 'esewa', 'c', 'awaiting_payment',
             'made', 'held', 0, 100, 100, '{}', now() + interval '1 hour')",
    ),
    case("order_intent_and_cart_have_one_owner", ORDERED, "{unguard} UPDATE orders SET user_id = 'hari'"),
    case(
        "order_intent_and_cart_have_one_owner",
        OPEN,
        "{unguard} UPDATE payment_intents SET user_id = 'hari' WHERE payment_intent_id = '{open}'",
    ),
];
