use super::Case;

pub(super) const CASES: &[Case] = &[
    ("stock_belongs_to_a_variant", "INSERT INTO inventory (variant_id) VALUES ('nothing')"),
    ("available_stock_is_never_negative", "UPDATE inventory SET available = -1"),
    ("available_stock_is_never_negative", "SELECT set_stock('tea', -1, 'x')"),
    ("available_stock_is_never_negative", "SELECT set_stock('tea', NULL, 'x')"),
    ("reserved_stock_is_never_negative", "UPDATE inventory SET reserved = -1"),
    ("sold_stock_is_never_negative", "UPDATE inventory SET sold = -1"),
    (
        "a_movement_is_of_counted_stock",
        "INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason) VALUES ('nothing', 0, 0, 0, 'x')",
    ),
    (
        "a_movement_is_for_an_existing_intent",
        "INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id) VALUES ('tea', 0, 0, 0, 'x', 'pi_esewa_cccccccccccccccccccccccccc')",
    ),
    (
        "a_movement_says_why",
        "INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason) VALUES ('tea', 0, 0, 0, '')",
    ),
    ("inventory_movements_are_append_only", "UPDATE inventory_movements SET available_delta = 0"),
    ("inventory_movements_are_append_only", "DELETE FROM inventory_movements"),
    ("inventory_movements_are_append_only", "TRUNCATE inventory_movements"),
];
