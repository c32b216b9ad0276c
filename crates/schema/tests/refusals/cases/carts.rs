use super::Case;

pub(super) const CASES: &[Case] = &[
    ("a_user_has_one_cart", "INSERT INTO carts (user_id) VALUES ('sita')"),
    ("user_id_is_1_to_255_characters", "INSERT INTO carts (user_id) VALUES ('')"),
    ("cart_currency_is_npr", "UPDATE carts SET currency = 'USD'"),
    (
        "a_cart_line_is_in_a_cart",
        "INSERT INTO cart_items (cart_id, variant_id, quantity, unit_price_minor) VALUES (gen_random_uuid(), 'tea', 1, 1)",
    ),
    (
        "a_cart_line_is_of_a_variant",
        "INSERT INTO cart_items (cart_id, variant_id, quantity, unit_price_minor) VALUES ('00000000-0000-4000-8000-000000000001', 'nothing', 1, 1)",
    ),
    ("cart_quantity_is_1_to_999", "UPDATE cart_items SET quantity = 1000"),
    ("cart_quantity_is_1_to_999", "UPDATE cart_items SET quantity = 0"),
    ("cart_price_is_never_negative", "UPDATE cart_items SET unit_price_minor = -1"),
];
