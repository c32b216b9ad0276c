-- Ids of the catalogue are the merchant's own text (byte order, so that every lock order is the same
-- in SQL and in Rust); whoever has none gets a random one.
CREATE TABLE vendor_profiles (
    vendor_id text COLLATE "C" NOT NULL DEFAULT gen_random_uuid()::text PRIMARY KEY
        CONSTRAINT vendor_id_is_url_safe CHECK (vendor_id ~ '^[A-Za-z0-9._~-]{1,64}$'),
    display_name text NOT NULL
        CONSTRAINT vendor_display_name_is_1_to_200_characters CHECK (char_length(display_name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE vendor_profiles IS 'Who sells: every product and every order line belongs to one vendor.';
COMMENT ON COLUMN vendor_profiles.vendor_id IS 'The vendor''s key: the catalogue''s own id or a random one.';
COMMENT ON COLUMN vendor_profiles.display_name IS 'The name shoppers see.';
COMMENT ON COLUMN vendor_profiles.created_at IS 'When the row was made.';

CREATE TABLE products (
    product_id text COLLATE "C" NOT NULL DEFAULT gen_random_uuid()::text PRIMARY KEY
        CONSTRAINT product_id_is_url_safe CHECK (product_id ~ '^[A-Za-z0-9._~-]{1,64}$'),
    vendor_id text COLLATE "C" NOT NULL
        CONSTRAINT a_product_belongs_to_a_vendor REFERENCES vendor_profiles (vendor_id),
    name text NOT NULL
        CONSTRAINT product_name_is_1_to_200_characters CHECK (char_length(name) BETWEEN 1 AND 200),
    description text NOT NULL DEFAULT ''
        CONSTRAINT product_description_is_at_most_10000_characters CHECK (char_length(description) <= 10000),
    image_url text
        CONSTRAINT product_image_url_is_at_most_2000_characters CHECK (char_length(image_url) <= 2000),
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX products_of_vendor ON products (vendor_id);
COMMENT ON TABLE products IS 'What is sold, as shoppers browse it; the priced, stocked thing is its variant.';
COMMENT ON COLUMN products.product_id IS 'The product''s key.';
COMMENT ON COLUMN products.vendor_id IS 'The vendor who sells it.';
COMMENT ON COLUMN products.name IS 'The name shoppers see.';
COMMENT ON COLUMN products.description IS 'Plain text.';
COMMENT ON COLUMN products.image_url IS 'Where its picture is, if it has one.';
COMMENT ON COLUMN products.is_active IS 'An inactive product is not listed and cannot be bought.';
COMMENT ON COLUMN products.created_at IS 'When the row was made.';

CREATE TABLE product_variants (
    variant_id text COLLATE "C" NOT NULL DEFAULT gen_random_uuid()::text PRIMARY KEY
        CONSTRAINT variant_id_is_url_safe CHECK (variant_id ~ '^[A-Za-z0-9._~-]{1,64}$'),
    product_id text COLLATE "C" NOT NULL
        CONSTRAINT a_variant_belongs_to_a_product REFERENCES products (product_id),
    sku text NOT NULL
        CONSTRAINT a_sku_names_one_variant UNIQUE
        CONSTRAINT sku_is_1_to_100_characters CHECK (char_length(sku) BETWEEN 1 AND 100),
    title text NOT NULL DEFAULT ''
        CONSTRAINT variant_title_is_at_most_200_characters CHECK (char_length(title) <= 200),
    unit_price_minor bigint NOT NULL
        CONSTRAINT unit_price_is_0_to_10_million_rupees CHECK (unit_price_minor BETWEEN 0 AND 1000000000),
    currency text NOT NULL DEFAULT 'NPR'
        CONSTRAINT variant_currency_is_npr CHECK (currency = 'NPR'),
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX product_variants_of_product ON product_variants (product_id);
COMMENT ON TABLE product_variants IS 'What can be put in a cart: one price, one stock count.';
COMMENT ON COLUMN product_variants.variant_id IS 'The variant''s key; locks on stock are taken in its byte order.';
COMMENT ON COLUMN product_variants.product_id IS 'The product it is a variant of.';
COMMENT ON COLUMN product_variants.sku IS 'The merchant''s stock-keeping unit; imports match on it.';
COMMENT ON COLUMN product_variants.title IS 'What tells it from its siblings, such as a size; may be empty.';
COMMENT ON COLUMN product_variants.unit_price_minor IS 'Price of one, in paisa.';
COMMENT ON COLUMN product_variants.currency IS 'NPR.';
COMMENT ON COLUMN product_variants.is_active IS 'An inactive variant is not listed and cannot be bought.';
COMMENT ON COLUMN product_variants.created_at IS 'When the row was made.';
