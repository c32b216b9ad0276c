CREATE TABLE payment_callbacks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment_intent_id text COLLATE "C" NOT NULL
        CONSTRAINT a_callback_is_of_an_intent REFERENCES payment_intents (payment_intent_id),
    provider text NOT NULL
        CONSTRAINT callback_provider_is_known CHECK (provider IN ('esewa', 'khalti')),
    kind text NOT NULL
        CONSTRAINT callback_kind_is_known CHECK (kind IN ('return', 'failure_return', 'webhook')),
    verdict text NOT NULL
        CONSTRAINT callback_verdict_is_known CHECK (verdict IN ('accepted', 'incomplete', 'invalid')),
    reason text,
    raw_payload text NOT NULL
        CONSTRAINT raw_payload_is_at_most_16_kib CHECK (octet_length(raw_payload) <= 16384),
    is_truncated boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT an_invalid_callback_says_why CHECK (verdict <> 'invalid' OR reason IS NOT NULL)
);
CREATE INDEX payment_callbacks_of_intent ON payment_callbacks (payment_intent_id, id);
COMMENT ON TABLE payment_callbacks IS 'What browsers and relays brought back, as received. A hint to ask; never a proof.';
COMMENT ON COLUMN payment_callbacks.id IS 'Grows with time.';
COMMENT ON COLUMN payment_callbacks.payment_intent_id IS 'The intent named in the URL or the notification.';
COMMENT ON COLUMN payment_callbacks.provider IS 'The gateway it claims to come from.';
COMMENT ON COLUMN payment_callbacks.kind IS 'return, failure_return or webhook.';
COMMENT ON COLUMN payment_callbacks.verdict IS 'accepted: well-formed and ours; incomplete: parameters missing; invalid: garbage, tampered or another intent''s.';
COMMENT ON COLUMN payment_callbacks.reason IS 'Why it is invalid.';
COMMENT ON COLUMN payment_callbacks.raw_payload IS 'Query or body as received, at most 16 KiB.';
COMMENT ON COLUMN payment_callbacks.is_truncated IS 'Whether more was received than is kept.';
COMMENT ON COLUMN payment_callbacks.created_at IS 'When it was received.';
CREATE TRIGGER payment_callbacks_are_append_only
    BEFORE UPDATE OR DELETE ON payment_callbacks
    FOR EACH ROW EXECUTE FUNCTION refuse_change('payment_callbacks_are_append_only');

CREATE TABLE payment_gateway_verifications (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment_intent_id text COLLATE "C" NOT NULL
        CONSTRAINT a_verification_is_of_an_intent REFERENCES payment_intents (payment_intent_id),
    provider text NOT NULL
        CONSTRAINT verification_provider_is_known CHECK (provider IN ('esewa', 'khalti')),
    gateway_transaction_id text NOT NULL
        CONSTRAINT gateway_transaction_id_is_1_to_255_characters
        CHECK (char_length(gateway_transaction_id) BETWEEN 1 AND 255),
    status text NOT NULL
        CONSTRAINT verification_status_is_known CHECK (status IN ('completed', 'partially_refunded', 'refunded')),
    amount_minor bigint NOT NULL
        CONSTRAINT verified_amount_is_never_negative CHECK (amount_minor >= 0),
    currency text NOT NULL DEFAULT 'NPR'
        CONSTRAINT verification_currency_is_npr CHECK (currency = 'NPR'),
    raw_response jsonb NOT NULL,
    source text NOT NULL
        CONSTRAINT verification_source_is_known CHECK (source IN ('callback', 'scheduled_question', 'operator')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT a_gateway_transaction_is_used_once UNIQUE (provider, gateway_transaction_id)
);
CREATE INDEX payment_gateway_verifications_of_intent ON payment_gateway_verifications (payment_intent_id);
COMMENT ON TABLE payment_gateway_verifications IS 'One row a gateway transaction that the gateway itself told us of: money that really moved.';
COMMENT ON COLUMN payment_gateway_verifications.id IS 'Grows with time.';
COMMENT ON COLUMN payment_gateway_verifications.payment_intent_id IS 'The intent we asked about.';
COMMENT ON COLUMN payment_gateway_verifications.provider IS 'The gateway.';
COMMENT ON COLUMN payment_gateway_verifications.gateway_transaction_id IS 'eSewa''s ref_id, Khalti''s transaction_id.';
COMMENT ON COLUMN payment_gateway_verifications.status IS 'completed, then partially_refunded, then refunded; never back.';
COMMENT ON COLUMN payment_gateway_verifications.amount_minor IS 'What the gateway says was paid, in paisa.';
COMMENT ON COLUMN payment_gateway_verifications.currency IS 'NPR.';
COMMENT ON COLUMN payment_gateway_verifications.raw_response IS 'The answer as received, phone numbers masked.';
COMMENT ON COLUMN payment_gateway_verifications.source IS 'What made us ask.';
COMMENT ON COLUMN payment_gateway_verifications.created_at IS 'When it was first verified.';
COMMENT ON COLUMN payment_gateway_verifications.updated_at IS 'When its status last changed.';

CREATE TRIGGER verification_status_never_goes_back
    BEFORE UPDATE ON payment_gateway_verifications
    FOR EACH ROW WHEN (
        (OLD.payment_intent_id, OLD.provider, OLD.gateway_transaction_id, OLD.amount_minor, OLD.currency)
        IS DISTINCT FROM
        (NEW.payment_intent_id, NEW.provider, NEW.gateway_transaction_id, NEW.amount_minor, NEW.currency)
        OR (OLD.status = 'refunded' AND NEW.status <> 'refunded')
        OR (OLD.status = 'partially_refunded' AND NEW.status = 'completed'))
    EXECUTE FUNCTION refuse_change('verification_status_never_goes_back');
CREATE TRIGGER verifications_are_never_deleted
    BEFORE DELETE ON payment_gateway_verifications
    FOR EACH ROW EXECUTE FUNCTION refuse_change('verifications_are_never_deleted');

CREATE TABLE refunds (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment_intent_id text COLLATE "C" NOT NULL
        CONSTRAINT a_refund_is_of_an_intent REFERENCES payment_intents (payment_intent_id),
    amount_minor bigint NOT NULL
        CONSTRAINT a_refund_is_positive CHECK (amount_minor > 0),
    status text NOT NULL
        CONSTRAINT refund_status_is_known CHECK (status IN ('requested', 'succeeded', 'failed')),
    idempotency_key text NOT NULL
        CONSTRAINT a_refund_is_requested_once UNIQUE,
    cause text NOT NULL,
    portal_reference text,
    requested_by text,
    created_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    CONSTRAINT a_settled_refund_says_when CHECK ((status = 'requested') = (settled_at IS NULL))
);
CREATE INDEX refunds_of_intent ON refunds (payment_intent_id);
COMMENT ON TABLE refunds IS 'Money given back, or being given back.';
COMMENT ON COLUMN refunds.id IS 'Grows with time.';
COMMENT ON COLUMN refunds.payment_intent_id IS 'The intent whose payment it returns.';
COMMENT ON COLUMN refunds.amount_minor IS 'How much, in paisa.';
COMMENT ON COLUMN refunds.status IS 'requested until a lookup says that it succeeded or failed.';
COMMENT ON COLUMN refunds.idempotency_key IS 'The gateway is asked at most once for one key.';
COMMENT ON COLUMN refunds.cause IS 'Why money goes back.';
COMMENT ON COLUMN refunds.portal_reference IS 'The portal''s reference of a refund made by hand.';
COMMENT ON COLUMN refunds.requested_by IS 'The operator who asked for it or made it; NULL when the system did.';
COMMENT ON COLUMN refunds.created_at IS 'When it was requested.';
COMMENT ON COLUMN refunds.settled_at IS 'When it was known to have succeeded or failed.';

-- The sum lives on the intent, where a CHECK refuses more than was paid.
CREATE FUNCTION sum_refunds_on_the_intent() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    UPDATE payment_intents pi
       SET refunded_minor = (SELECT coalesce(sum(r.amount_minor), 0) FROM refunds r
                              WHERE r.payment_intent_id = NEW.payment_intent_id AND r.status <> 'failed')
     WHERE pi.payment_intent_id = NEW.payment_intent_id;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION sum_refunds_on_the_intent() FROM PUBLIC;
COMMENT ON FUNCTION sum_refunds_on_the_intent() IS 'Trigger: keeps payment_intents.refunded_minor, whose CHECK bounds all refunds.';
CREATE TRIGGER refunds_are_summed_on_the_intent
    AFTER INSERT OR UPDATE ON refunds
    FOR EACH ROW EXECUTE FUNCTION sum_refunds_on_the_intent();
CREATE TRIGGER refunds_are_never_deleted
    BEFORE DELETE ON refunds
    FOR EACH ROW EXECUTE FUNCTION refuse_change('refunds_are_never_deleted');

CREATE TABLE review_cases (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment_intent_id text COLLATE "C" NOT NULL
        CONSTRAINT a_case_is_of_an_intent REFERENCES payment_intents (payment_intent_id),
    kind text NOT NULL
        CONSTRAINT case_kind_is_known CHECK (kind IN ('amount_mismatch', 'partial_refund', 'unknown_status',
            'transaction_reused', 'second_payment', 'late_payment', 'refund_failed', 'undecided', 'reversed',
            'job_failed')),
    detail jsonb NOT NULL
        CONSTRAINT case_detail_is_a_list_of_evidence CHECK (jsonb_typeof(detail) = 'array'),
    status text NOT NULL DEFAULT 'open'
        CONSTRAINT case_status_is_known CHECK (status IN ('open', 'resolved')),
    resolution text
        CONSTRAINT case_resolution_is_known CHECK (resolution IN ('fulfilled', 'refunded', 'refunded_by_hand', 'dismissed', 'verified', 'unpaid')),
    resolved_by text,
    resolution_reason text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    resolved_at timestamptz,
    CONSTRAINT a_resolved_case_says_how_and_by_whom CHECK (
        CASE status WHEN 'open' THEN num_nonnulls(resolution, resolved_by, resolved_at) = 0
                    ELSE num_nonnulls(resolution, resolved_by, resolved_at) = 3 END),
    CONSTRAINT a_dismissal_says_why CHECK (resolution <> 'dismissed' OR resolution_reason IS NOT NULL)
);
CREATE UNIQUE INDEX an_intent_has_one_open_case ON review_cases (payment_intent_id) WHERE status = 'open';
CREATE INDEX review_cases_of_intent ON review_cases (payment_intent_id);
COMMENT ON TABLE review_cases IS 'Money that a person must look at.';
COMMENT ON COLUMN review_cases.id IS 'Grows with time.';
COMMENT ON COLUMN review_cases.payment_intent_id IS 'The intent it is about; at most one open case each.';
COMMENT ON COLUMN review_cases.kind IS 'What was first found.';
COMMENT ON COLUMN review_cases.detail IS 'A list of evidence; what is found later is appended.';
COMMENT ON COLUMN review_cases.status IS 'open or resolved.';
COMMENT ON COLUMN review_cases.resolution IS 'How it ended.';
COMMENT ON COLUMN review_cases.resolved_by IS 'The operator, or the rule that resolved it.';
COMMENT ON COLUMN review_cases.resolution_reason IS 'Why, in the operator''s words.';
COMMENT ON COLUMN review_cases.created_at IS 'When it was opened.';
COMMENT ON COLUMN review_cases.resolved_at IS 'When it was resolved.';
