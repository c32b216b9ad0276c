CREATE TABLE carts (
    cart_id uuid NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
    user_id text NOT NULL
        CONSTRAINT a_user_has_one_cart UNIQUE
        CONSTRAINT user_id_is_1_to_255_characters CHECK (char_length(user_id) BETWEEN 1 AND 255),
    version bigint NOT NULL DEFAULT 1,
    round integer NOT NULL DEFAULT 1,
    currency text NOT NULL DEFAULT 'NPR'
        CONSTRAINT cart_currency_is_npr CHECK (currency = 'NPR'),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);
COMMENT ON TABLE carts IS 'One cart a shopper, for ever; what is bought leaves it and its round grows.';
COMMENT ON COLUMN carts.cart_id IS 'The cart''s key.';
COMMENT ON COLUMN carts.user_id IS 'The token''s subject: a customer or a guest.';
COMMENT ON COLUMN carts.version IS 'Grows with every change of its lines; a checkout names the version it saw.';
COMMENT ON COLUMN carts.round IS 'Grows when an order is made from the cart: one round, one order.';
COMMENT ON COLUMN carts.currency IS 'NPR.';
COMMENT ON COLUMN carts.created_at IS 'When the row was made.';
COMMENT ON COLUMN carts.updated_at IS 'When its lines last changed.';

CREATE TABLE cart_items (
    cart_id uuid NOT NULL
        CONSTRAINT a_cart_line_is_in_a_cart REFERENCES carts (cart_id),
    variant_id text COLLATE "C" NOT NULL
        CONSTRAINT a_cart_line_is_of_a_variant REFERENCES product_variants (variant_id),
    quantity integer NOT NULL
        CONSTRAINT cart_quantity_is_1_to_999 CHECK (quantity BETWEEN 1 AND 999),
    unit_price_minor bigint NOT NULL
        CONSTRAINT cart_price_is_never_negative CHECK (unit_price_minor >= 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (cart_id, variant_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE cart_items IS 'Lines of a cart, at most 100.';
COMMENT ON COLUMN cart_items.cart_id IS 'The cart.';
COMMENT ON COLUMN cart_items.variant_id IS 'What is wanted.';
COMMENT ON COLUMN cart_items.quantity IS 'How many; may exceed the stock until checkout.';
COMMENT ON COLUMN cart_items.unit_price_minor IS 'The price the shopper was shown, in paisa.';
COMMENT ON COLUMN cart_items.created_at IS 'When the line was added; carts list their lines in this order.';
