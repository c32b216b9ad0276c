use super::Case;

pub(super) const CASES: &[Case] = &[
    ("vendor_id_is_url_safe", "INSERT INTO vendor_profiles VALUES ('a b', 'x')"),
    ("vendor_display_name_is_1_to_200_characters", "UPDATE vendor_profiles SET display_name = ''"),
    (
        "product_id_is_url_safe",
        "INSERT INTO products (product_id, vendor_id, name) VALUES ('a/b', 'ilam', 'x')",
    ),
    ("a_product_belongs_to_a_vendor", "INSERT INTO products (vendor_id, name) VALUES ('nobody', 'x')"),
    ("product_name_is_1_to_200_characters", "UPDATE products SET name = repeat('x', 201)"),
    (
        "product_description_is_at_most_10000_characters",
        "UPDATE products SET description = repeat('x', 10001)",
    ),
    ("product_image_url_is_at_most_2000_characters", "UPDATE products SET image_url = repeat('x', 2001)"),
    (
        "variant_id_is_url_safe",
        "INSERT INTO product_variants (variant_id, product_id, sku, unit_price_minor) VALUES ('', 'tea', 'x', 1)",
    ),
    (
        "a_variant_belongs_to_a_product",
        "INSERT INTO product_variants (product_id, sku, unit_price_minor) VALUES ('nothing', 'x', 1)",
    ),
    (
        "a_sku_names_one_variant",
        "INSERT INTO product_variants (product_id, sku, unit_price_minor) VALUES ('tea', 'TEA-100', 1)",
    ),
    ("sku_is_1_to_100_characters", "UPDATE product_variants SET sku = '' WHERE variant_id = 'tea'"),
    ("variant_title_is_at_most_200_characters", "UPDATE product_variants SET title = repeat('x', 201)"),
    ("unit_price_is_0_to_10_million_rupees", "UPDATE product_variants SET unit_price_minor = -1"),
    ("variant_currency_is_npr", "UPDATE product_variants SET currency = 'USD'"),
];
