use super::Case;

pub(super) const CASES: &[Case] = &[
    (
        "an_order_number_is_given_once",
        "INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, shipping_address) VALUES ('ORD-BBBBBBBBBB', 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'sita', '00000000-0000-4000-8000-000000000001', 2, 50000, 50000, '{}')",
    ),
    (
        "order_number_is_readable_on_the_phone",
        "INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, shipping_address) VALUES ('ORD-O000000000', 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'sita', '00000000-0000-4000-8000-000000000001', 2, 50000, 50000, '{}')",
    ),
    (
        "an_order_is_of_an_intent",
        "INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, shipping_address) VALUES ('ORD-CCCCCCCCCC', 'pi_esewa_cccccccccccccccccccccccccc', 'sita', '00000000-0000-4000-8000-000000000001', 2, 50000, 50000, '{}')",
    ),
    (
        "an_order_is_of_a_cart",
        "INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, shipping_address) VALUES ('ORD-CCCCCCCCCC', 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'sita', gen_random_uuid(), 2, 50000, 50000, '{}')",
    ),
    (
        "an_intent_becomes_one_order",
        "INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, shipping_address) VALUES ('ORD-CCCCCCCCCC', 'pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 'sita', '00000000-0000-4000-8000-000000000001', 2, 50000, 50000, '{}')",
    ),
    (
        "a_cart_round_becomes_one_order",
        "INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, shipping_address) VALUES ('ORD-CCCCCCCCCC', 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'sita', '00000000-0000-4000-8000-000000000001', 1, 50000, 50000, '{}')",
    ),
    (
        "order_status_is_known",
        "INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, shipping_address, status) VALUES ('ORD-CCCCCCCCCC', 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'sita', '00000000-0000-4000-8000-000000000001', 2, 50000, 50000, '{}', 'paid')",
    ),
    (
        "order_fulfillment_status_is_known",
        "INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, shipping_address, fulfillment_status) VALUES ('ORD-CCCCCCCCCC', 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'sita', '00000000-0000-4000-8000-000000000001', 2, 50000, 50000, '{}', 'lost')",
    ),
    (
        "order_discount_is_never_negative",
        "INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, shipping_address, discount_minor) VALUES ('ORD-CCCCCCCCCC', 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'sita', '00000000-0000-4000-8000-000000000001', 2, 50000, 50001, '{}', -1)",
    ),
    (
        "order_shipping_is_never_negative",
        "INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, shipping_address, shipping_minor) VALUES ('ORD-CCCCCCCCCC', 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'sita', '00000000-0000-4000-8000-000000000001', 2, 50000, 49999, '{}', -1)",
    ),
    (
        "order_tax_is_never_negative",
        "INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, shipping_address, tax_minor) VALUES ('ORD-CCCCCCCCCC', 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'sita', '00000000-0000-4000-8000-000000000001', 2, 50000, 49999, '{}', -1)",
    ),
    (
        "order_total_is_positive",
        "INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, shipping_address) VALUES ('ORD-CCCCCCCCCC', 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'sita', '00000000-0000-4000-8000-000000000001', 2, 0, 0, '{}')",
    ),
    (
        "order_total_is_the_sum_of_its_parts",
        "INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, shipping_address) VALUES ('ORD-CCCCCCCCCC', 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'sita', '00000000-0000-4000-8000-000000000001', 2, 50000, 49999, '{}')",
    ),
    (
        "order_currency_is_npr",
        "INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, shipping_address, currency) VALUES ('ORD-CCCCCCCCCC', 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'sita', '00000000-0000-4000-8000-000000000001', 2, 50000, 50000, '{}', 'USD')",
    ),
    (
        "an_order_has_items",
        "INSERT INTO payment_gateway_verifications (payment_intent_id, provider, gateway_transaction_id, status, amount_minor, raw_response, source) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'esewa', 'T1', 'completed', 50000, '{}', 'callback'); INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, shipping_address) VALUES ('ORD-CCCCCCCCCC', 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'sita', '00000000-0000-4000-8000-000000000001', 2, 50000, 50000, '{}')",
    ),
    (
        "order_subtotal_is_the_sum_of_its_lines",
        "INSERT INTO payment_gateway_verifications (payment_intent_id, provider, gateway_transaction_id, status, amount_minor, raw_response, source) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'esewa', 'T1', 'completed', 50000, '{}', 'callback'); INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, shipping_address, id) VALUES ('ORD-CCCCCCCCCC', 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'sita', '00000000-0000-4000-8000-000000000001', 2, 50000, 50000, '{}', '00000000-0000-4000-8000-00000000000a'); INSERT INTO order_items (order_id, variant_id, vendor_id, product_name, sku, quantity, unit_price_minor, line_total_minor) VALUES ('00000000-0000-4000-8000-00000000000a', 'tea', 'ilam', 'x', 'x', 1, 49999, 49999)",
    ),
    (
        "order_subtotal_is_the_sum_of_its_lines",
        "INSERT INTO order_items (order_id, variant_id, vendor_id, product_name, sku, quantity, unit_price_minor, line_total_minor) VALUES ('00000000-0000-4000-8000-00000000000b', 'tea', 'ilam', 'x', 'x', 1, 1, 1)",
    ),
    (
        "an_order_is_paid_in_full",
        "INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, shipping_address, id) VALUES ('ORD-CCCCCCCCCC', 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'sita', '00000000-0000-4000-8000-000000000001', 2, 50000, 50000, '{}', '00000000-0000-4000-8000-00000000000a'); INSERT INTO order_items (order_id, variant_id, vendor_id, product_name, sku, quantity, unit_price_minor, line_total_minor) VALUES ('00000000-0000-4000-8000-00000000000a', 'tea', 'ilam', 'x', 'x', 1, 50000, 50000)",
    ),
    (
        "an_order_is_paid_in_full",
        "INSERT INTO payment_gateway_verifications (payment_intent_id, provider, gateway_transaction_id, status, amount_minor, raw_response, source) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'esewa', 'T1', 'completed', 49999, '{}', 'callback'); INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, shipping_address, id) VALUES ('ORD-CCCCCCCCCC', 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'sita', '00000000-0000-4000-8000-000000000001', 2, 50000, 50000, '{}', '00000000-0000-4000-8000-00000000000a'); INSERT INTO order_items (order_id, variant_id, vendor_id, product_name, sku, quantity, unit_price_minor, line_total_minor) VALUES ('00000000-0000-4000-8000-00000000000a', 'tea', 'ilam', 'x', 'x', 1, 50000, 50000)",
    ),
    ("order_amounts_are_immutable", "UPDATE orders SET subtotal_minor = 1, total_minor = 1"),
    ("orders_are_never_deleted", "DELETE FROM orders"),
    (
        "an_order_line_is_in_an_order",
        "INSERT INTO order_items (order_id, variant_id, vendor_id, product_name, sku, quantity, unit_price_minor, line_total_minor) VALUES (gen_random_uuid(), 'tea', 'ilam', 'x', 'x', 1, 0, 0)",
    ),
    (
        "an_order_line_is_of_a_variant",
        "INSERT INTO order_items (order_id, variant_id, vendor_id, product_name, sku, quantity, unit_price_minor, line_total_minor) VALUES ('00000000-0000-4000-8000-00000000000b', 'nothing', 'ilam', 'x', 'x', 1, 0, 0)",
    ),
    (
        "an_order_line_has_a_vendor",
        "INSERT INTO order_items (order_id, variant_id, vendor_id, product_name, sku, quantity, unit_price_minor, line_total_minor) VALUES ('00000000-0000-4000-8000-00000000000b', 'tea', 'nobody', 'x', 'x', 1, 0, 0)",
    ),
    (
        "an_order_has_one_line_a_variant",
        "INSERT INTO order_items (order_id, variant_id, vendor_id, product_name, sku, quantity, unit_price_minor, line_total_minor) VALUES ('00000000-0000-4000-8000-00000000000b', 'tin', 'ilam', 'x', 'x', 1, 0, 0)",
    ),
    (
        "order_quantity_is_positive",
        "INSERT INTO order_items (order_id, variant_id, vendor_id, product_name, sku, quantity, unit_price_minor, line_total_minor) VALUES ('00000000-0000-4000-8000-00000000000b', 'tea', 'ilam', 'x', 'x', 0, 0, 0)",
    ),
    (
        "order_price_is_never_negative",
        "INSERT INTO order_items (order_id, variant_id, vendor_id, product_name, sku, quantity, unit_price_minor, line_total_minor) VALUES ('00000000-0000-4000-8000-00000000000b', 'tea', 'ilam', 'x', 'x', 1, -1, -1)",
    ),
    (
        "line_total_is_quantity_times_price",
        "INSERT INTO order_items (order_id, variant_id, vendor_id, product_name, sku, quantity, unit_price_minor, line_total_minor) VALUES ('00000000-0000-4000-8000-00000000000b', 'tea', 'ilam', 'x', 'x', 2, 5, 5)",
    ),
    (
        "item_fulfillment_status_is_known",
        "INSERT INTO order_items (order_id, variant_id, vendor_id, product_name, sku, quantity, unit_price_minor, line_total_minor, fulfillment_status) VALUES ('00000000-0000-4000-8000-00000000000b', 'tea', 'ilam', 'x', 'x', 1, 0, 0, 'lost')",
    ),
    ("order_items_are_immutable", "UPDATE order_items SET product_name = 'other'"),
    ("order_items_are_immutable", "DELETE FROM order_items"),
];
