CREATE TABLE inventory (
    variant_id text COLLATE "C" NOT NULL PRIMARY KEY
        CONSTRAINT stock_belongs_to_a_variant REFERENCES product_variants (variant_id),
    available integer NOT NULL DEFAULT 0
        CONSTRAINT available_stock_is_never_negative CHECK (available >= 0),
    reserved integer NOT NULL DEFAULT 0
        CONSTRAINT reserved_stock_is_never_negative CHECK (reserved >= 0),
    sold integer NOT NULL DEFAULT 0
        CONSTRAINT sold_stock_is_never_negative CHECK (sold >= 0),
    version bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 50);
COMMENT ON TABLE inventory IS 'Stock counts of a variant. Changed only together with a row in inventory_movements.';
COMMENT ON COLUMN inventory.variant_id IS 'The variant counted.';
COMMENT ON COLUMN inventory.available IS 'Units that an intent may still reserve.';
COMMENT ON COLUMN inventory.reserved IS 'Units held by payment intents whose reservation is held.';
COMMENT ON COLUMN inventory.sold IS 'Units settled into orders.';
COMMENT ON COLUMN inventory.version IS 'Grows with every change.';

CREATE TABLE inventory_movements (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    variant_id text COLLATE "C" NOT NULL
        CONSTRAINT a_movement_is_of_counted_stock REFERENCES inventory (variant_id),
    available_delta integer NOT NULL,
    reserved_delta integer NOT NULL,
    sold_delta integer NOT NULL,
    reason text NOT NULL
        CONSTRAINT a_movement_says_why CHECK (char_length(reason) BETWEEN 1 AND 500),
    payment_intent_id text COLLATE "C",
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX inventory_movements_of_intent ON inventory_movements (payment_intent_id) WHERE payment_intent_id IS NOT NULL;
CREATE INDEX inventory_movements_of_variant ON inventory_movements (variant_id, id);
COMMENT ON TABLE inventory_movements IS 'Append-only ledger of stock; its sums reproduce inventory exactly.';
COMMENT ON COLUMN inventory_movements.id IS 'Grows with time.';
COMMENT ON COLUMN inventory_movements.variant_id IS 'The variant whose counts moved.';
COMMENT ON COLUMN inventory_movements.available_delta IS 'Change of inventory.available.';
COMMENT ON COLUMN inventory_movements.reserved_delta IS 'Change of inventory.reserved.';
COMMENT ON COLUMN inventory_movements.sold_delta IS 'Change of inventory.sold.';
COMMENT ON COLUMN inventory_movements.reason IS 'Why: opening, reserved, released, settled, or a person''s words.';
COMMENT ON COLUMN inventory_movements.payment_intent_id IS 'The intent it moved for, if for one.';
COMMENT ON COLUMN inventory_movements.created_at IS 'When it moved.';

CREATE TRIGGER inventory_movements_are_append_only
    BEFORE UPDATE OR DELETE ON inventory_movements
    FOR EACH ROW EXECUTE FUNCTION refuse_change('inventory_movements_are_append_only');
CREATE TRIGGER inventory_movements_are_never_truncated
    BEFORE TRUNCATE ON inventory_movements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('inventory_movements_are_append_only');

CREATE FUNCTION record_opening_stock() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason)
    VALUES (NEW.variant_id, NEW.available, NEW.reserved, NEW.sold, 'opening');
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION record_opening_stock() FROM PUBLIC;
COMMENT ON FUNCTION record_opening_stock() IS 'Trigger: the ledger starts with what the first row says.';
CREATE TRIGGER inventory_opens_with_a_movement
    AFTER INSERT ON inventory
    FOR EACH ROW EXECUTE FUNCTION record_opening_stock();

CREATE FUNCTION set_stock(variant_id text, available integer, reason text) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    delta integer;
    new_version bigint;
BEGIN
    IF set_stock.available IS NULL OR set_stock.available < 0 THEN
        RAISE EXCEPTION 'available stock is never negative: %', set_stock.available
            USING ERRCODE = 'check_violation', CONSTRAINT = 'available_stock_is_never_negative';
    END IF;
    INSERT INTO inventory (variant_id) VALUES (set_stock.variant_id) ON CONFLICT DO NOTHING;
    SELECT set_stock.available - i.available, i.version INTO delta, new_version
      FROM inventory i WHERE i.variant_id = set_stock.variant_id FOR NO KEY UPDATE;
    IF delta <> 0 THEN
        UPDATE inventory i SET available = set_stock.available, version = i.version + 1
         WHERE i.variant_id = set_stock.variant_id RETURNING i.version INTO new_version;
        INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason)
        VALUES (set_stock.variant_id, delta, 0, 0, set_stock.reason);
    END IF;
    RETURN new_version;
END
$$;
REVOKE ALL ON FUNCTION set_stock(text, integer, text) FROM PUBLIC;
COMMENT ON FUNCTION set_stock(text, integer, text) IS
    'Sets what can be sold of a variant and writes the movement with its reason; returns the stock''s version.';
