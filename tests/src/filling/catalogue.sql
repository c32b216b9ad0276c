-- What is sold; kept when it is there already.
INSERT INTO vendor_profiles (vendor_id, display_name)
SELECT 'filled-' || n, 'Filled Traders ' || n FROM generate_series(1, 20) AS n ON CONFLICT DO NOTHING;
INSERT INTO products (product_id, vendor_id, name)
SELECT 'filled-' || n, 'filled-' || 1 + n % 20, 'Filled product ' || n FROM generate_series(1, 500) AS n ON CONFLICT DO NOTHING;
INSERT INTO product_variants (variant_id, product_id, sku, title, unit_price_minor)
SELECT 'filled-' || n, 'filled-' || 1 + n % 500, 'FILLED-' || n, 'Size ' || n % 7, 10000 + n
  FROM generate_series(1, {variants}) AS n ON CONFLICT DO NOTHING;
INSERT INTO inventory (variant_id, available)
SELECT 'filled-' || n, 100000000 FROM generate_series(1, {variants}) AS n ON CONFLICT DO NOTHING
