CREATE TABLE orders (
    id uuid NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
    order_number text COLLATE "C" NOT NULL
        CONSTRAINT an_order_number_is_given_once UNIQUE
        CONSTRAINT order_number_is_readable_on_the_phone CHECK (order_number ~ '^ORD-[2-9A-HJKMNP-TV-Z]{10,20}$'),
    payment_intent_id text COLLATE "C" NOT NULL
        CONSTRAINT an_intent_becomes_one_order UNIQUE
        CONSTRAINT an_order_is_of_an_intent REFERENCES payment_intents (payment_intent_id),
    user_id text NOT NULL,
    cart_id uuid NOT NULL
        CONSTRAINT an_order_is_of_a_cart REFERENCES carts (cart_id),
    cart_round integer NOT NULL,
    status text NOT NULL DEFAULT 'confirmed'
        CONSTRAINT order_status_is_known CHECK (status IN ('confirmed', 'refunded')),
    fulfillment_status text NOT NULL DEFAULT 'pending'
        CONSTRAINT order_fulfillment_status_is_known
        CHECK (fulfillment_status IN ('pending', 'shipped', 'delivered', 'cancelled')),
    subtotal_minor bigint NOT NULL,
    discount_minor bigint NOT NULL DEFAULT 0
        CONSTRAINT order_discount_is_never_negative CHECK (discount_minor >= 0),
    shipping_minor bigint NOT NULL DEFAULT 0
        CONSTRAINT order_shipping_is_never_negative CHECK (shipping_minor >= 0),
    tax_minor bigint NOT NULL DEFAULT 0
        CONSTRAINT order_tax_is_never_negative CHECK (tax_minor >= 0),
    total_minor bigint NOT NULL
        CONSTRAINT order_total_is_positive CHECK (total_minor > 0),
    currency text NOT NULL DEFAULT 'NPR'
        CONSTRAINT order_currency_is_npr CHECK (currency = 'NPR'),
    shipping_address jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT a_cart_round_becomes_one_order UNIQUE (cart_id, cart_round),
    CONSTRAINT order_total_is_the_sum_of_its_parts
        CHECK (total_minor = subtotal_minor - discount_minor + shipping_minor + tax_minor)
);
CREATE INDEX orders_of_user ON orders (user_id, created_at DESC, id DESC);
CREATE INDEX orders_by_age ON orders (created_at);
COMMENT ON TABLE orders IS 'What was bought and paid for.';
COMMENT ON COLUMN orders.id IS 'The order''s key.';
COMMENT ON COLUMN orders.order_number IS 'What people call it: unique, not guessable, no letters that are misheard for digits.';
COMMENT ON COLUMN orders.payment_intent_id IS 'The intent that paid for it.';
COMMENT ON COLUMN orders.user_id IS 'Whose it is.';
COMMENT ON COLUMN orders.cart_id IS 'The cart it was made from.';
COMMENT ON COLUMN orders.cart_round IS 'The round of that cart.';
COMMENT ON COLUMN orders.status IS 'confirmed, or refunded.';
COMMENT ON COLUMN orders.fulfillment_status IS 'pending, shipped, delivered or cancelled.';
COMMENT ON COLUMN orders.subtotal_minor IS 'Sum of its lines, in paisa.';
COMMENT ON COLUMN orders.discount_minor IS 'Taken off, in paisa.';
COMMENT ON COLUMN orders.shipping_minor IS 'Delivery, in paisa.';
COMMENT ON COLUMN orders.tax_minor IS 'Tax, in paisa.';
COMMENT ON COLUMN orders.total_minor IS 'What was paid, in paisa.';
COMMENT ON COLUMN orders.currency IS 'NPR.';
COMMENT ON COLUMN orders.shipping_address IS 'Where it goes; personal, readable to checkout and worker only.';
COMMENT ON COLUMN orders.created_at IS 'When it was made.';

CREATE TABLE order_items (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id uuid NOT NULL
        CONSTRAINT an_order_line_is_in_an_order REFERENCES orders (id),
    variant_id text COLLATE "C" NOT NULL
        CONSTRAINT an_order_line_is_of_a_variant REFERENCES product_variants (variant_id),
    vendor_id text COLLATE "C" NOT NULL
        CONSTRAINT an_order_line_has_a_vendor REFERENCES vendor_profiles (vendor_id),
    product_name text NOT NULL,
    title text NOT NULL DEFAULT '',
    sku text NOT NULL,
    quantity integer NOT NULL
        CONSTRAINT order_quantity_is_positive CHECK (quantity >= 1),
    unit_price_minor bigint NOT NULL
        CONSTRAINT order_price_is_never_negative CHECK (unit_price_minor >= 0),
    line_total_minor bigint NOT NULL
        CONSTRAINT line_total_is_quantity_times_price CHECK (line_total_minor = quantity * unit_price_minor),
    fulfillment_status text NOT NULL DEFAULT 'pending'
        CONSTRAINT item_fulfillment_status_is_known
        CHECK (fulfillment_status IN ('pending', 'shipped', 'delivered', 'cancelled')),
    CONSTRAINT an_order_has_one_line_a_variant UNIQUE (order_id, variant_id)
);
COMMENT ON TABLE order_items IS 'Lines of an order, copied from the intent''s snapshot; immutable but for their fulfilment.';
COMMENT ON COLUMN order_items.id IS 'Grows with time.';
COMMENT ON COLUMN order_items.order_id IS 'The order.';
COMMENT ON COLUMN order_items.variant_id IS 'What was bought.';
COMMENT ON COLUMN order_items.vendor_id IS 'Who sells it.';
COMMENT ON COLUMN order_items.product_name IS 'The product''s name when it was priced.';
COMMENT ON COLUMN order_items.title IS 'The variant''s title when it was priced.';
COMMENT ON COLUMN order_items.sku IS 'The SKU when it was priced.';
COMMENT ON COLUMN order_items.quantity IS 'How many.';
COMMENT ON COLUMN order_items.unit_price_minor IS 'Price of one, in paisa.';
COMMENT ON COLUMN order_items.line_total_minor IS 'quantity × unit price, in paisa.';
COMMENT ON COLUMN order_items.fulfillment_status IS 'pending, shipped, delivered or cancelled.';
CREATE TRIGGER order_items_are_immutable
    BEFORE UPDATE ON order_items
    FOR EACH ROW WHEN (
        (OLD.id, OLD.order_id, OLD.variant_id, OLD.vendor_id, OLD.product_name, OLD.title, OLD.sku, OLD.quantity,
         OLD.unit_price_minor, OLD.line_total_minor)
        IS DISTINCT FROM
        (NEW.id, NEW.order_id, NEW.variant_id, NEW.vendor_id, NEW.product_name, NEW.title, NEW.sku, NEW.quantity,
         NEW.unit_price_minor, NEW.line_total_minor))
    EXECUTE FUNCTION refuse_change('order_items_are_immutable');
CREATE TRIGGER order_items_are_never_deleted
    BEFORE DELETE ON order_items
    FOR EACH ROW EXECUTE FUNCTION refuse_change('order_items_are_immutable');
CREATE TRIGGER orders_are_never_deleted
    BEFORE DELETE ON orders
    FOR EACH ROW EXECUTE FUNCTION refuse_change('orders_are_never_deleted');
CREATE TRIGGER order_amounts_are_immutable
    BEFORE UPDATE ON orders
    FOR EACH ROW WHEN (
        (OLD.id, OLD.order_number, OLD.payment_intent_id, OLD.user_id, OLD.cart_id, OLD.cart_round, OLD.subtotal_minor,
         OLD.discount_minor, OLD.shipping_minor, OLD.tax_minor, OLD.total_minor, OLD.currency)
        IS DISTINCT FROM
        (NEW.id, NEW.order_number, NEW.payment_intent_id, NEW.user_id, NEW.cart_id, NEW.cart_round, NEW.subtotal_minor,
         NEW.discount_minor, NEW.shipping_minor, NEW.tax_minor, NEW.total_minor, NEW.currency))
    EXECUTE FUNCTION refuse_change('order_amounts_are_immutable');

-- Deferred, because an order is written before its lines. Code makes it immediate before COMMIT, so that
-- a refusal names the order while the transaction can still be rolled back to one by one.
CREATE FUNCTION check_order_is_whole_and_paid() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    lines_total bigint;
BEGIN
    SELECT sum(oi.line_total_minor) INTO lines_total FROM order_items oi WHERE oi.order_id = NEW.id;
    IF lines_total IS NULL THEN
        RAISE EXCEPTION 'order % has no items', NEW.order_number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'an_order_has_items', TABLE = 'orders';
    END IF;
    IF lines_total <> NEW.subtotal_minor THEN
        RAISE EXCEPTION 'order %: lines sum to %, subtotal says %', NEW.order_number, lines_total, NEW.subtotal_minor
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_subtotal_is_the_sum_of_its_lines', TABLE = 'orders';
    END IF;
    IF NOT EXISTS (SELECT FROM payment_gateway_verifications v
                    WHERE v.payment_intent_id = NEW.payment_intent_id
                      AND v.amount_minor = NEW.total_minor AND v.currency = NEW.currency) THEN
        RAISE EXCEPTION 'order % has no verified payment of %', NEW.order_number, NEW.total_minor
            USING ERRCODE = 'check_violation', CONSTRAINT = 'an_order_is_paid_in_full', TABLE = 'orders';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION check_order_is_whole_and_paid() FROM PUBLIC;
COMMENT ON FUNCTION check_order_is_whole_and_paid() IS
    'Trigger: an order has items, its subtotal is their sum, and a verified payment of exactly its total exists.';
CREATE CONSTRAINT TRIGGER an_order_is_whole_and_paid
    AFTER INSERT ON orders
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_order_is_whole_and_paid();

-- A line added to a finished order would change its sum without touching the order.
CREATE FUNCTION check_order_lines_still_sum() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    PERFORM FROM (
        SELECT o.order_number
          FROM orders o
          JOIN order_items oi ON oi.order_id = o.id
         WHERE o.id IN (SELECT order_id FROM inserted)
         GROUP BY o.id
        HAVING sum(oi.line_total_minor) > o.subtotal_minor) AS overfull;
    IF FOUND THEN
        RAISE EXCEPTION 'order lines sum to more than the subtotal'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_subtotal_is_the_sum_of_its_lines', TABLE = 'order_items';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION check_order_lines_still_sum() FROM PUBLIC;
COMMENT ON FUNCTION check_order_lines_still_sum() IS 'Trigger: no line can be added to an order beyond its subtotal.';
CREATE TRIGGER order_lines_never_exceed_the_subtotal
    AFTER INSERT ON order_items REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION check_order_lines_still_sum();
