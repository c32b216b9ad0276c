CREATE TABLE payment_intents (
    payment_intent_id text COLLATE "C" NOT NULL PRIMARY KEY
        CONSTRAINT payment_intent_id_names_its_provider
        CHECK (payment_intent_id ~ ('^pi_' || provider || '_[0-9a-hjkmnp-tv-z]{26}$')),
    user_id text NOT NULL,
    cart_id uuid NOT NULL
        CONSTRAINT an_intent_is_of_a_cart REFERENCES carts (cart_id),
    cart_version bigint NOT NULL,
    cart_round integer NOT NULL,
    provider text NOT NULL
        CONSTRAINT provider_is_known CHECK (provider IN ('esewa', 'khalti')),
    gateway_reference text
        CONSTRAINT gateway_reference_is_1_to_255_characters CHECK (char_length(gateway_reference) BETWEEN 1 AND 255),
    status text NOT NULL
        CONSTRAINT payment_intent_status_is_known CHECK (status IN (
            'created', 'awaiting_payment', 'expired', 'superseded', 'failed',
            'verified', 'completed', 'refunding', 'refunded', 'under_review')),
    status_cause text NOT NULL
        CONSTRAINT a_status_says_its_cause CHECK (char_length(status_cause) BETWEEN 1 AND 500),
    reservation text NOT NULL
        CONSTRAINT reservation_is_known CHECK (reservation IN ('held', 'settled', 'released')),
    subtotal_minor bigint NOT NULL
        CONSTRAINT intent_subtotal_is_never_negative CHECK (subtotal_minor >= 0),
    discount_minor bigint NOT NULL DEFAULT 0
        CONSTRAINT intent_discount_is_never_negative CHECK (discount_minor >= 0),
    shipping_minor bigint NOT NULL DEFAULT 0
        CONSTRAINT intent_shipping_is_never_negative CHECK (shipping_minor >= 0),
    tax_minor bigint NOT NULL DEFAULT 0
        CONSTRAINT intent_tax_is_never_negative CHECK (tax_minor >= 0),
    amount_minor bigint NOT NULL
        CONSTRAINT intent_amount_is_positive CHECK (amount_minor > 0),
    refunded_minor bigint NOT NULL DEFAULT 0
        CONSTRAINT refunds_never_exceed_what_was_paid CHECK (refunded_minor BETWEEN 0 AND amount_minor),
    shipping_address jsonb NOT NULL,
    currency text NOT NULL DEFAULT 'NPR'
        CONSTRAINT intent_currency_is_npr CHECK (currency = 'NPR'),
    expires_at timestamptz NOT NULL,
    last_asked_at timestamptz,
    not_found_answers smallint NOT NULL DEFAULT 0
        CONSTRAINT not_found_answers_are_counted_from_0 CHECK (not_found_answers >= 0),
    question_closed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT a_gateway_reference_belongs_to_one_intent UNIQUE (provider, gateway_reference),
    CONSTRAINT intent_amount_is_the_sum_of_its_parts
        CHECK (amount_minor = subtotal_minor - discount_minor + shipping_minor + tax_minor),
    CONSTRAINT only_an_unstarted_payment_has_no_gateway_reference
        CHECK (gateway_reference IS NOT NULL OR status IN ('created', 'expired', 'superseded', 'failed')),
    CONSTRAINT status_and_reservation_go_together CHECK (
        CASE reservation
            WHEN 'held' THEN status IN ('created', 'awaiting_payment', 'verified')
            WHEN 'settled' THEN status IN ('completed', 'refunding', 'refunded', 'under_review')
            ELSE status NOT IN ('created', 'awaiting_payment', 'completed')
        END)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX a_cart_has_one_open_intent ON payment_intents (cart_id)
    WHERE status IN ('created', 'awaiting_payment');
CREATE INDEX payment_intents_of_cart_round ON payment_intents (cart_id, cart_round);
CREATE INDEX payment_intents_by_expiry ON payment_intents (expires_at)
    WHERE status IN ('created', 'awaiting_payment');
CREATE INDEX payment_intents_verified ON payment_intents (updated_at) WHERE status = 'verified';
CREATE INDEX payment_intents_with_open_question ON payment_intents (created_at) WHERE question_closed_at IS NULL;
COMMENT ON TABLE payment_intents IS 'One attempt to pay for one cart round: an immutable priced snapshot, its reservation and what became of it.';
COMMENT ON COLUMN payment_intents.payment_intent_id IS 'pi_<provider>_<26 characters of lower-case Crockford base32>.';
COMMENT ON COLUMN payment_intents.user_id IS 'Whose it is.';
COMMENT ON COLUMN payment_intents.cart_id IS 'The cart it pays for.';
COMMENT ON COLUMN payment_intents.cart_version IS 'The version of the cart that was priced.';
COMMENT ON COLUMN payment_intents.cart_round IS 'The round of the cart; a round becomes one order at most.';
COMMENT ON COLUMN payment_intents.provider IS 'The gateway: esewa or khalti.';
COMMENT ON COLUMN payment_intents.gateway_reference IS 'The handle the gateway answers questions under: transaction_uuid or pidx.';
COMMENT ON COLUMN payment_intents.status IS 'Where it stands; moves only as payment_intent_follows_the_status_table allows.';
COMMENT ON COLUMN payment_intents.status_cause IS 'What moved it to its status; copied into payment_intent_events.';
COMMENT ON COLUMN payment_intents.reservation IS 'Whether its stock is held, settled into an order, or released.';
COMMENT ON COLUMN payment_intents.subtotal_minor IS 'Sum of its lines, in paisa.';
COMMENT ON COLUMN payment_intents.discount_minor IS 'Taken off, in paisa.';
COMMENT ON COLUMN payment_intents.shipping_minor IS 'Delivery, in paisa.';
COMMENT ON COLUMN payment_intents.tax_minor IS 'Tax, in paisa.';
COMMENT ON COLUMN payment_intents.amount_minor IS 'What the shopper pays, in paisa.';
COMMENT ON COLUMN payment_intents.refunded_minor IS 'Sum of its requested and succeeded refunds, in paisa; kept by trigger.';
COMMENT ON COLUMN payment_intents.shipping_address IS 'Where it goes; personal, readable to checkout and worker only.';
COMMENT ON COLUMN payment_intents.currency IS 'NPR.';
COMMENT ON COLUMN payment_intents.expires_at IS 'When an unpaid intent gives its stock back.';
COMMENT ON COLUMN payment_intents.last_asked_at IS 'When the gateway was last asked; questions keep a distance.';
COMMENT ON COLUMN payment_intents.not_found_answers IS 'Consecutive NOT_FOUND answers; two after the grace are final.';
COMMENT ON COLUMN payment_intents.question_closed_at IS 'Set when no further question is due; a callback asks all the same.';
COMMENT ON COLUMN payment_intents.created_at IS 'When it was made; the schedule of questions counts from here.';
COMMENT ON COLUMN payment_intents.updated_at IS 'When its status last changed.';

CREATE TABLE payment_intent_items (
    payment_intent_id text COLLATE "C" NOT NULL
        CONSTRAINT a_snapshot_line_is_of_an_intent REFERENCES payment_intents (payment_intent_id),
    variant_id text COLLATE "C" NOT NULL
        CONSTRAINT a_snapshot_line_is_of_a_variant REFERENCES product_variants (variant_id),
    vendor_id text COLLATE "C" NOT NULL
        CONSTRAINT a_snapshot_line_has_a_vendor REFERENCES vendor_profiles (vendor_id),
    product_name text NOT NULL,
    title text NOT NULL DEFAULT '',
    sku text NOT NULL,
    quantity integer NOT NULL
        CONSTRAINT snapshot_quantity_is_1_to_999 CHECK (quantity BETWEEN 1 AND 999),
    unit_price_minor bigint NOT NULL
        CONSTRAINT snapshot_price_is_never_negative CHECK (unit_price_minor >= 0),
    PRIMARY KEY (payment_intent_id, variant_id)
);
COMMENT ON TABLE payment_intent_items IS 'The snapshot that was priced and reserved; order lines are copied from it.';
COMMENT ON COLUMN payment_intent_items.payment_intent_id IS 'The intent.';
COMMENT ON COLUMN payment_intent_items.variant_id IS 'The variant reserved.';
COMMENT ON COLUMN payment_intent_items.vendor_id IS 'Its vendor at that time.';
COMMENT ON COLUMN payment_intent_items.product_name IS 'The product''s name at that time.';
COMMENT ON COLUMN payment_intent_items.title IS 'The variant''s title at that time.';
COMMENT ON COLUMN payment_intent_items.sku IS 'The SKU at that time.';
COMMENT ON COLUMN payment_intent_items.quantity IS 'How many.';
COMMENT ON COLUMN payment_intent_items.unit_price_minor IS 'Price of one, in paisa.';
CREATE TRIGGER payment_intent_items_are_immutable
    BEFORE UPDATE OR DELETE ON payment_intent_items
    FOR EACH ROW EXECUTE FUNCTION refuse_change('payment_intent_items_are_immutable');

CREATE TABLE payment_intent_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment_intent_id text COLLATE "C" NOT NULL
        CONSTRAINT an_event_is_of_an_intent REFERENCES payment_intents (payment_intent_id),
    kind text NOT NULL
        CONSTRAINT event_kind_is_known CHECK (kind IN ('status_changed', 'gateway_answered')),
    from_status text,
    to_status text,
    outcome text
        CONSTRAINT outcome_is_known CHECK (outcome IN ('paid', 'undecided', 'unpaid', 'not_found', 'refunded',
            'partially_refunded', 'unheard_of', 'unknown')),
    cause text NOT NULL,
    detail jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT an_event_is_a_move_or_an_answer CHECK ((kind = 'status_changed') = (to_status IS NOT NULL)
        AND (kind = 'gateway_answered') = (outcome IS NOT NULL))
);
CREATE INDEX payment_intent_events_of_intent ON payment_intent_events (payment_intent_id, id);
COMMENT ON TABLE payment_intent_events IS 'Append-only: every answer of the gateway and every change of status, with its cause.';
COMMENT ON COLUMN payment_intent_events.id IS 'Grows with time.';
COMMENT ON COLUMN payment_intent_events.payment_intent_id IS 'The intent.';
COMMENT ON COLUMN payment_intent_events.kind IS 'status_changed or gateway_answered.';
COMMENT ON COLUMN payment_intent_events.from_status IS 'Status before a change; NULL when the intent was made.';
COMMENT ON COLUMN payment_intent_events.to_status IS 'Status after a change.';
COMMENT ON COLUMN payment_intent_events.outcome IS 'What a gateway''s answer meant.';
COMMENT ON COLUMN payment_intent_events.cause IS 'Who or what made it happen.';
COMMENT ON COLUMN payment_intent_events.detail IS 'The gateway''s answer as received (masked, capped), or other evidence.';
COMMENT ON COLUMN payment_intent_events.created_at IS 'When.';
CREATE TRIGGER payment_intent_events_are_append_only
    BEFORE UPDATE OR DELETE ON payment_intent_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change('payment_intent_events_are_append_only');
CREATE TRIGGER payment_intent_events_are_never_truncated
    BEFORE TRUNCATE ON payment_intent_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('payment_intent_events_are_append_only');

-- The status table of the business, as the database keeps it. docs/ARCHITECTURE.md shows it with its causes.
CREATE FUNCTION follow_the_status_table() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    from_status text := CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END;
    is_allowed boolean := CASE from_status
        WHEN 'created' THEN NEW.status IN ('awaiting_payment', 'expired', 'superseded', 'failed')
        WHEN 'awaiting_payment' THEN NEW.status IN
            ('expired', 'superseded', 'verified', 'under_review', 'failed', 'refunded')
        WHEN 'expired' THEN NEW.status IN ('verified', 'under_review', 'refunded')
        WHEN 'superseded' THEN NEW.status IN ('verified', 'under_review', 'refunded')
        WHEN 'failed' THEN NEW.status IN ('verified', 'under_review', 'refunded')
        WHEN 'verified' THEN NEW.status IN ('completed', 'refunding', 'under_review', 'refunded')
        WHEN 'completed' THEN NEW.status IN ('refunding', 'refunded')
        WHEN 'refunding' THEN NEW.status IN ('refunded', 'under_review')
        WHEN 'refunded' THEN false
        WHEN 'under_review' THEN NEW.status IN ('verified', 'completed', 'refunding', 'failed', 'refunded')
        ELSE NEW.status IN ('created', 'awaiting_payment')
    END;
BEGIN
    IF NOT is_allowed THEN
        RAISE EXCEPTION 'a payment intent never goes from % to %', coalesce(from_status, 'nothing'), NEW.status
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'payment_intent_follows_the_status_table', TABLE = 'payment_intents';
    END IF;
    INSERT INTO payment_intent_events (payment_intent_id, kind, from_status, to_status, cause)
    VALUES (NEW.payment_intent_id, 'status_changed', from_status, NEW.status, NEW.status_cause);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION follow_the_status_table() FROM PUBLIC;
COMMENT ON FUNCTION follow_the_status_table() IS
    'Trigger: refuses a move that the status table lacks and writes the event of one that it has.';
CREATE TRIGGER payment_intent_follows_the_status_table_from_its_start
    AFTER INSERT ON payment_intents
    FOR EACH ROW EXECUTE FUNCTION follow_the_status_table();
CREATE TRIGGER payment_intent_follows_the_status_table
    AFTER UPDATE OF status ON payment_intents
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION follow_the_status_table();

-- What was priced never changes afterwards.
CREATE TRIGGER payment_intent_snapshot_is_immutable
    BEFORE UPDATE ON payment_intents
    FOR EACH ROW WHEN (
        (OLD.payment_intent_id, OLD.user_id, OLD.cart_id, OLD.cart_version, OLD.cart_round, OLD.provider,
         OLD.subtotal_minor, OLD.discount_minor, OLD.shipping_minor, OLD.tax_minor, OLD.amount_minor, OLD.currency)
        IS DISTINCT FROM
        (NEW.payment_intent_id, NEW.user_id, NEW.cart_id, NEW.cart_version, NEW.cart_round, NEW.provider,
         NEW.subtotal_minor, NEW.discount_minor, NEW.shipping_minor, NEW.tax_minor, NEW.amount_minor, NEW.currency)
        OR (OLD.gateway_reference IS NOT NULL AND OLD.gateway_reference IS DISTINCT FROM NEW.gateway_reference))
    EXECUTE FUNCTION refuse_change('payment_intent_snapshot_is_immutable');

ALTER TABLE inventory_movements ADD CONSTRAINT a_movement_is_for_an_existing_intent
    FOREIGN KEY (payment_intent_id) REFERENCES payment_intents (payment_intent_id);

CREATE TABLE idempotency_keys (
    user_id text NOT NULL,
    idempotency_key text NOT NULL
        CONSTRAINT idempotency_key_is_1_to_255_visible_ascii CHECK (idempotency_key ~ '^[!-~]{1,255}$'),
    request_digest bytea NOT NULL
        CONSTRAINT request_digest_is_sha256 CHECK (octet_length(request_digest) = 32),
    payment_intent_id text COLLATE "C" NOT NULL
        CONSTRAINT an_idempotency_key_is_of_an_intent REFERENCES payment_intents (payment_intent_id),
    leased_until timestamptz,
    response_body bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT a_user_uses_an_idempotency_key_once PRIMARY KEY (user_id, idempotency_key),
    CONSTRAINT an_answered_request_holds_no_lease CHECK (response_body IS NULL OR leased_until IS NULL)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
COMMENT ON TABLE idempotency_keys IS 'Checkout requests that may be repeated: the same key and body get the same answer.';
COMMENT ON COLUMN idempotency_keys.user_id IS 'Keys are scoped to the user.';
COMMENT ON COLUMN idempotency_keys.idempotency_key IS 'The header''s value.';
COMMENT ON COLUMN idempotency_keys.request_digest IS 'SHA-256 of the parsed body; another body under the same key is refused.';
COMMENT ON COLUMN idempotency_keys.payment_intent_id IS 'The intent the request made.';
COMMENT ON COLUMN idempotency_keys.leased_until IS 'While one request asks the gateway, others are told to wait until here.';
COMMENT ON COLUMN idempotency_keys.response_body IS 'The body of the 201, byte for byte; NULL until there is one.';
COMMENT ON COLUMN idempotency_keys.created_at IS 'Kept 30 days from here.';
