-- The promises of docs/invariants.md, one arm each, written independently of the code that keeps them. They are sorted
-- by what breaks them, with the key in its own type, so that a condition on the key reaches the indexes of every arm.
DROP VIEW invariant_violations;

CREATE VIEW intent_violations (invariant, payment_intent_id, detail) AS
-- Money
SELECT 'verified_payment_has_an_outcome', v.payment_intent_id,
       format('verified %s paisa at %s; no order, refund or review case', v.amount_minor, v.created_at)
  FROM payment_gateway_verifications v
 WHERE v.status <> 'refunded' AND v.created_at < now() - interval '60 seconds'
   AND NOT EXISTS (SELECT FROM orders o WHERE o.payment_intent_id = v.payment_intent_id AND o.status = 'confirmed')
   AND NOT EXISTS (SELECT FROM refunds r WHERE r.payment_intent_id = v.payment_intent_id AND r.status <> 'failed')
   AND NOT EXISTS (SELECT FROM review_cases c WHERE c.payment_intent_id = v.payment_intent_id
                      AND (c.status = 'open' OR c.resolution = 'dismissed'))
UNION ALL
SELECT 'verified_intent_has_a_verification', pi.payment_intent_id, format('%s without a verification', pi.status)
  FROM payment_intents pi
 WHERE pi.status IN ('verified', 'completed')
   AND NOT EXISTS (SELECT FROM payment_gateway_verifications v WHERE v.payment_intent_id = pi.payment_intent_id)
UNION ALL
SELECT 'verified_payment_stays_verified', pi.payment_intent_id,
       format('%s although transaction %s was verified', pi.status, v.gateway_transaction_id)
  FROM payment_gateway_verifications v JOIN payment_intents pi USING (payment_intent_id)
 WHERE pi.status IN ('created', 'awaiting_payment', 'expired', 'superseded')
UNION ALL
SELECT 'verification_is_the_gateways_answer', v.payment_intent_id,
       format('transaction %s was verified without an answer of the gateway', v.gateway_transaction_id)
  FROM payment_gateway_verifications v
 WHERE NOT EXISTS (SELECT FROM payment_intent_events e
                    WHERE e.payment_intent_id = v.payment_intent_id AND e.kind = 'gateway_answered'
                      AND e.outcome IN ('paid', 'partially_refunded', 'refunded'))
UNION ALL
SELECT 'gateway_transaction_is_used_once', v.payment_intent_id,
       format('%s transaction %s is also verification %s', v.provider, v.gateway_transaction_id, other.id)
  FROM payment_gateway_verifications v
  JOIN payment_gateway_verifications other
    ON other.provider = v.provider AND other.gateway_transaction_id = v.gateway_transaction_id AND other.id > v.id
UNION ALL
SELECT 'gateway_reference_belongs_to_one_intent', pi.payment_intent_id,
       format('%s is also the reference of %s', pi.gateway_reference, other.payment_intent_id)
  FROM payment_intents pi
  JOIN payment_intents other ON other.provider = pi.provider AND other.gateway_reference = pi.gateway_reference
                            AND other.payment_intent_id > pi.payment_intent_id
UNION ALL
SELECT 'intent_amount_is_the_sum_of_its_lines', pi.payment_intent_id,
       format('lines %s, subtotal %s, amount %s', coalesce(lines.total, 0), pi.subtotal_minor, pi.amount_minor)
  FROM payment_intents pi
  LEFT JOIN LATERAL (SELECT sum(ii.quantity * ii.unit_price_minor) AS total FROM payment_intent_items ii
                      WHERE ii.payment_intent_id = pi.payment_intent_id) AS lines ON true
 WHERE coalesce(lines.total, 0) <> pi.subtotal_minor
    OR pi.amount_minor <> pi.subtotal_minor - pi.discount_minor + pi.shipping_minor + pi.tax_minor
UNION ALL
SELECT 'order_amount_is_the_verified_amount', o.payment_intent_id,
       format('order %s totals %s, its intent %s; no verification says so', o.order_number, o.total_minor, pi.amount_minor)
  FROM orders o JOIN payment_intents pi USING (payment_intent_id)
 WHERE o.total_minor <> pi.amount_minor OR o.currency <> pi.currency
    OR NOT EXISTS (SELECT FROM payment_gateway_verifications v
                    WHERE v.payment_intent_id = o.payment_intent_id
                      AND v.amount_minor = o.total_minor AND v.currency = o.currency)
UNION ALL
SELECT 'order_total_is_the_sum_of_its_lines', o.payment_intent_id,
       format('order %s: lines %s, subtotal %s, total %s', o.order_number, coalesce(lines.total, 0), o.subtotal_minor,
              o.total_minor)
  FROM orders o
  LEFT JOIN LATERAL (SELECT sum(oi.line_total_minor) AS total FROM order_items oi WHERE oi.order_id = o.id) AS lines ON true
 WHERE coalesce(lines.total, 0) <> o.subtotal_minor
    OR o.total_minor <> o.subtotal_minor - o.discount_minor + o.shipping_minor + o.tax_minor
UNION ALL
SELECT 'unknown_is_not_failed', pi.payment_intent_id, format('failed although the last answer was %s', last_answer.outcome)
  FROM payment_intents pi
  CROSS JOIN LATERAL (SELECT e.outcome FROM payment_intent_events e
                       WHERE e.payment_intent_id = pi.payment_intent_id AND e.kind = 'gateway_answered'
                         AND e.created_at <= pi.updated_at
                       ORDER BY e.id DESC LIMIT 1) AS last_answer
 WHERE pi.status = 'failed' AND last_answer.outcome IN ('undecided', 'unheard_of', 'unknown')
   AND NOT EXISTS (SELECT FROM review_cases c
                    WHERE c.payment_intent_id = pi.payment_intent_id AND c.resolution = 'dismissed')
UNION ALL
SELECT 'unknown_keeps_its_question', pi.payment_intent_id,
       format('question closed at %s although the last answer was %s', pi.question_closed_at, last_answer.outcome)
  FROM payment_intents pi
  CROSS JOIN LATERAL (SELECT e.outcome FROM payment_intent_events e
                       WHERE e.payment_intent_id = pi.payment_intent_id AND e.kind = 'gateway_answered'
                       ORDER BY e.id DESC LIMIT 1) AS last_answer
 WHERE pi.question_closed_at < pi.created_at + interval '30 days'
   AND pi.status IN ('awaiting_payment', 'expired', 'superseded', 'failed', 'under_review')
   AND last_answer.outcome IN ('undecided', 'unheard_of', 'unknown')
-- Refunds
UNION ALL
SELECT 'order_is_not_also_refunded', o.payment_intent_id,
       format('order %s is confirmed and %s of %s paisa are refunded', o.order_number, back.total, o.total_minor)
  FROM orders o
  JOIN (SELECT r.payment_intent_id, sum(r.amount_minor) AS total FROM refunds r WHERE r.status = 'succeeded'
         GROUP BY r.payment_intent_id) AS back USING (payment_intent_id)
 WHERE o.status = 'confirmed' AND back.total >= o.total_minor
UNION ALL
SELECT 'order_is_refunded_with_its_intent', o.payment_intent_id,
       format('order %s is %s, its intent %s', o.order_number, o.status, pi.status)
  FROM orders o JOIN payment_intents pi USING (payment_intent_id)
 WHERE (o.status = 'refunded') <> (pi.status = 'refunded')
UNION ALL
SELECT 'refunds_never_exceed_what_was_paid', pi.payment_intent_id,
       format('refunded_minor %s, refunds %s, priced %s, paid %s', pi.refunded_minor, coalesce(back.total, 0),
              pi.amount_minor, paid.total)
  FROM payment_intents pi
  LEFT JOIN LATERAL (SELECT sum(r.amount_minor) AS total FROM refunds r
                      WHERE r.payment_intent_id = pi.payment_intent_id AND r.status <> 'failed') AS back ON true
  LEFT JOIN LATERAL (SELECT sum(v.amount_minor) AS total FROM payment_gateway_verifications v
                      WHERE v.payment_intent_id = pi.payment_intent_id) AS paid ON true
 WHERE coalesce(back.total, 0) <> pi.refunded_minor OR back.total > pi.amount_minor OR back.total > paid.total
UNION ALL
SELECT 'refund_is_requested_once', r.payment_intent_id,
       format('refund %s has the key of refund %s, or both are under way', r.id, other.id)
  FROM refunds r
  JOIN refunds other ON other.payment_intent_id = r.payment_intent_id AND other.id > r.id
   AND (other.idempotency_key = r.idempotency_key OR (other.status = 'requested' AND r.status = 'requested'))
UNION ALL
SELECT 'refunding_intent_has_its_refund', pi.payment_intent_id, 'refunding and no refund is under way'
  FROM payment_intents pi
 WHERE pi.status = 'refunding'
   AND NOT EXISTS (SELECT FROM refunds r WHERE r.payment_intent_id = pi.payment_intent_id AND r.status = 'requested')
UNION ALL
SELECT 'refunding_intent_has_its_refund', r.payment_intent_id, format('refund %s is under way and its intent is %s', r.id, pi.status)
  FROM refunds r JOIN payment_intents pi USING (payment_intent_id)
 WHERE r.status = 'requested' AND pi.status <> 'refunding'
UNION ALL
SELECT 'refunded_intent_has_its_refund', pi.payment_intent_id, 'refunded and no refund has succeeded'
  FROM payment_intents pi
 WHERE pi.status = 'refunded'
   AND NOT EXISTS (SELECT FROM refunds r WHERE r.payment_intent_id = pi.payment_intent_id AND r.status = 'succeeded')
UNION ALL
SELECT 'refunded_payment_refunds_its_intent', v.payment_intent_id,
       format('the gateway gave transaction %s back and the intent is %s', v.gateway_transaction_id, pi.status)
  FROM payment_gateway_verifications v JOIN payment_intents pi USING (payment_intent_id)
 WHERE v.status = 'refunded' AND pi.status <> 'refunded'
UNION ALL
SELECT 'refund_under_way_has_a_job', r.payment_intent_id, format('refund %s is requested and nobody to ask for it', r.id)
  FROM refunds r
 WHERE r.status = 'requested' AND r.created_at < now() - interval '60 seconds'
   AND NOT EXISTS (SELECT FROM job_queue j
                    WHERE j.idempotency_key = ('refund_payment:' || r.payment_intent_id) COLLATE "default"
                      AND j.status IN ('pending', 'processing'))
   AND NOT EXISTS (SELECT FROM review_cases c WHERE c.payment_intent_id = r.payment_intent_id AND c.status = 'open')
UNION ALL
SELECT 'refund_settles_or_has_a_case', r.payment_intent_id, format('refund %s is under way since %s', r.id, r.created_at)
  FROM refunds r
 WHERE r.status = 'requested' AND coalesce(r.sent_at, r.created_at) < now() - interval '26 hours'
   AND NOT EXISTS (SELECT FROM review_cases c WHERE c.payment_intent_id = r.payment_intent_id AND c.status = 'open')
-- Review
UNION ALL
SELECT 'intent_under_review_has_an_open_case', pi.payment_intent_id, 'under review and nobody is shown it'
  FROM payment_intents pi
 WHERE pi.status = 'under_review'
   AND NOT EXISTS (SELECT FROM review_cases c WHERE c.payment_intent_id = pi.payment_intent_id AND c.status = 'open')
UNION ALL
SELECT 'intent_has_one_open_case', c.payment_intent_id, format('cases %s and %s are open', c.id, other.id)
  FROM review_cases c
  JOIN review_cases other ON other.payment_intent_id = c.payment_intent_id AND other.id > c.id
 WHERE c.status = 'open' AND other.status = 'open'
-- Reservations
UNION ALL
SELECT 'movements_follow_the_reservation', lines.payment_intent_id,
       format('variant %s, %s: %s bought, %s reserved, %s sold', lines.variant_id, pi.reservation, sum(lines.bought),
              sum(lines.reserved), sum(lines.sold))
  FROM (SELECT ii.payment_intent_id, ii.variant_id, ii.quantity AS bought, 0 AS reserved, 0 AS sold
          FROM payment_intent_items ii
        UNION ALL
        SELECT m.payment_intent_id, m.variant_id, 0, m.reserved_delta, m.sold_delta
          FROM inventory_movements m WHERE m.payment_intent_id IS NOT NULL) AS lines
  JOIN payment_intents pi USING (payment_intent_id)
 GROUP BY lines.payment_intent_id, lines.variant_id, pi.reservation
HAVING sum(lines.reserved) <> CASE pi.reservation WHEN 'held' THEN sum(lines.bought) ELSE 0 END
    OR sum(lines.sold) <> CASE pi.reservation WHEN 'settled' THEN sum(lines.bought) ELSE 0 END
UNION ALL
SELECT 'reservation_ends_with_its_intent', pi.payment_intent_id, format('%s and held since it expired at %s', pi.status, pi.expires_at)
  FROM payment_intents pi
 WHERE pi.reservation = 'held'
   AND (pi.status NOT IN ('created', 'awaiting_payment', 'verified')
        OR (pi.status <> 'verified' AND pi.expires_at < now() - interval '60 seconds'))
-- Orders and carts
UNION ALL
SELECT 'intent_becomes_one_order', o.payment_intent_id,
       format('orders %s and %s are of one intent or one cart round', o.order_number, other.order_number)
  FROM orders o JOIN orders other ON other.payment_intent_id = o.payment_intent_id AND other.id > o.id
UNION ALL
SELECT 'intent_becomes_one_order', o.payment_intent_id,
       format('orders %s and %s are of one intent or one cart round', o.order_number, other.order_number)
  FROM orders o
  JOIN orders other ON other.cart_id = o.cart_id AND other.cart_round = o.cart_round AND other.id > o.id
                   AND other.payment_intent_id <> o.payment_intent_id
UNION ALL
SELECT 'completed_intent_has_its_order', pi.payment_intent_id, format('%s and %s without an order', pi.status, pi.reservation)
  FROM payment_intents pi
 WHERE (pi.status = 'completed' OR pi.reservation = 'settled')
   AND NOT EXISTS (SELECT FROM orders o WHERE o.payment_intent_id = pi.payment_intent_id)
UNION ALL
SELECT 'order_settles_its_reservation', o.payment_intent_id,
       format('order %s exists, its intent is %s and its stock %s', o.order_number, pi.status, pi.reservation)
  FROM orders o JOIN payment_intents pi USING (payment_intent_id) WHERE pi.reservation <> 'settled'
UNION ALL
SELECT 'order_has_items', o.payment_intent_id, format('order %s has no items, or one of nothing', o.order_number)
  FROM orders o
 WHERE NOT EXISTS (SELECT FROM order_items oi WHERE oi.order_id = o.id)
    OR EXISTS (SELECT FROM order_items oi WHERE oi.order_id = o.id AND (oi.quantity < 1 OR oi.unit_price_minor < 0))
UNION ALL
SELECT 'order_lines_are_the_snapshot', o.payment_intent_id,
       format('variant %s of order %s differs from what was priced', ii.variant_id, o.order_number)
  FROM orders o
  JOIN payment_intent_items ii USING (payment_intent_id)
  LEFT JOIN order_items oi ON oi.order_id = o.id AND oi.variant_id = ii.variant_id
 WHERE (oi.vendor_id, oi.product_name, oi.title, oi.sku, oi.quantity, oi.unit_price_minor) IS DISTINCT FROM
       (ii.vendor_id, ii.product_name, ii.title, ii.sku, ii.quantity, ii.unit_price_minor)
UNION ALL
SELECT 'order_lines_are_the_snapshot', o.payment_intent_id,
       format('variant %s of order %s was never priced', oi.variant_id, o.order_number)
  FROM orders o JOIN order_items oi ON oi.order_id = o.id
 WHERE NOT EXISTS (SELECT FROM payment_intent_items ii
                    WHERE ii.payment_intent_id = o.payment_intent_id AND ii.variant_id = oi.variant_id)
UNION ALL
SELECT 'order_number_is_given_once', o.payment_intent_id, format('order number %s is malformed or another order''s too', o.order_number)
  FROM orders o
 WHERE o.order_number !~ '^ORD-[2-9A-HJKMNP-TV-Z]{10,20}$'
    OR EXISTS (SELECT FROM orders other WHERE other.order_number = o.order_number AND other.id > o.id)
UNION ALL
SELECT 'bought_cart_moves_to_its_next_round', o.payment_intent_id,
       format('order %s is of round %s and version %s, its cart is in round %s and version %s', o.order_number,
              o.cart_round, pi.cart_version, c.round, c.version)
  FROM orders o JOIN payment_intents pi USING (payment_intent_id) JOIN carts c ON c.cart_id = o.cart_id
 WHERE c.round <= o.cart_round OR c.version <= pi.cart_version
UNION ALL
SELECT 'closed_cart_round_has_its_order', pi.payment_intent_id,
       format('cart %s has left round %s without an order', pi.cart_id, pi.cart_round)
  FROM payment_intents pi JOIN carts c USING (cart_id)
 WHERE c.round > pi.cart_round
   AND NOT EXISTS (SELECT FROM orders o WHERE o.cart_id = pi.cart_id AND o.cart_round = pi.cart_round)
UNION ALL
SELECT 'cart_has_one_open_intent', pi.payment_intent_id, format('%s is open for cart %s too', other.payment_intent_id, pi.cart_id)
  FROM payment_intents pi
  JOIN payment_intents other ON other.cart_id = pi.cart_id AND other.payment_intent_id > pi.payment_intent_id
 WHERE pi.status IN ('created', 'awaiting_payment') AND other.status IN ('created', 'awaiting_payment')
UNION ALL
SELECT 'order_intent_and_cart_have_one_owner', pi.payment_intent_id, format('order %s', coalesce(o.order_number, 'not made yet'))
  FROM payment_intents pi
  JOIN carts c ON c.cart_id = pi.cart_id
  LEFT JOIN orders o ON o.payment_intent_id = pi.payment_intent_id
 WHERE pi.user_id <> c.user_id OR o.user_id <> pi.user_id OR o.cart_id <> pi.cart_id OR o.cart_round <> pi.cart_round
-- Work that is owed
UNION ALL
SELECT 'open_question_has_a_job', pi.payment_intent_id, format('%s with an open question and nobody to ask it', pi.status)
  FROM payment_intents pi
 WHERE pi.question_closed_at IS NULL AND pi.gateway_reference IS NOT NULL
   AND greatest(pi.created_at, pi.updated_at) < now() - interval '60 seconds'
   AND NOT EXISTS (SELECT FROM job_queue j
                    WHERE j.idempotency_key = ('verify_payment:' || pi.payment_intent_id) COLLATE "default"
                      AND j.status IN ('pending', 'processing'))
   AND NOT EXISTS (SELECT FROM job_queue j
                    WHERE j.idempotency_key = ('verify_payment:' || pi.payment_intent_id) COLLATE "default"
                      AND j.status = 'failed')
   AND NOT EXISTS (SELECT FROM review_cases c WHERE c.payment_intent_id = pi.payment_intent_id AND c.status = 'open')
UNION ALL
SELECT 'question_ends_in_time', pi.payment_intent_id, format('%s and still asked about since %s', pi.status, pi.created_at)
  FROM payment_intents pi
 WHERE pi.question_closed_at IS NULL AND pi.gateway_reference IS NOT NULL
   AND pi.created_at < now() - interval '32 days' AND pi.updated_at < now() - interval '9 days'
   AND NOT EXISTS (SELECT FROM review_cases c WHERE c.payment_intent_id = pi.payment_intent_id AND c.status = 'open')
UNION ALL
SELECT 'verified_payment_has_a_job', pi.payment_intent_id, 'verified and nobody to finalize it'
  FROM payment_intents pi
 WHERE pi.status = 'verified' AND pi.updated_at < now() - interval '60 seconds'
   AND NOT EXISTS (SELECT FROM job_queue j
                    WHERE j.idempotency_key = ('finalize_order:' || pi.payment_intent_id) COLLATE "default"
                      AND j.status IN ('pending', 'processing'))
   AND NOT EXISTS (SELECT FROM review_cases c WHERE c.payment_intent_id = pi.payment_intent_id AND c.status = 'open')
UNION ALL
SELECT 'verified_payment_is_settled_in_time', pi.payment_intent_id, format('verified at %s and neither order nor refund yet', pi.updated_at)
  FROM payment_intents pi
 WHERE pi.status = 'verified' AND pi.updated_at < now() - interval '1 hour'
   AND NOT EXISTS (SELECT FROM review_cases c WHERE c.payment_intent_id = pi.payment_intent_id AND c.status = 'open')
-- History
UNION ALL
SELECT 'status_is_the_fold_of_its_events', pi.payment_intent_id,
       format('is %s, events say %s', pi.status, coalesce(last_move.to_status, 'nothing'))
  FROM payment_intents pi
  LEFT JOIN LATERAL (SELECT e.to_status FROM payment_intent_events e
                      WHERE e.payment_intent_id = pi.payment_intent_id AND e.kind = 'status_changed'
                      ORDER BY e.id DESC LIMIT 1) AS last_move ON true
 WHERE last_move.to_status IS DISTINCT FROM pi.status
UNION ALL
SELECT 'history_follows_the_status_table', moves.payment_intent_id,
       format('event %s goes from %s to %s after %s', moves.id, coalesce(moves.from_status, 'nothing'), moves.to_status,
              coalesce(moves.before, 'nothing'))
  FROM (SELECT e.payment_intent_id, e.id, e.from_status, e.to_status,
               lag(e.to_status) OVER (PARTITION BY e.payment_intent_id ORDER BY e.id) AS before
          FROM payment_intent_events e WHERE e.kind = 'status_changed') AS moves
 WHERE moves.from_status IS DISTINCT FROM moves.before
    OR NOT CASE moves.from_status
           WHEN 'created' THEN moves.to_status IN ('awaiting_payment', 'expired', 'superseded', 'failed')
           WHEN 'awaiting_payment' THEN moves.to_status IN
               ('expired', 'superseded', 'verified', 'under_review', 'failed', 'refunded')
           WHEN 'expired' THEN moves.to_status IN ('verified', 'under_review', 'refunded')
           WHEN 'superseded' THEN moves.to_status IN ('verified', 'under_review', 'refunded')
           WHEN 'failed' THEN moves.to_status IN ('verified', 'under_review', 'refunded')
           WHEN 'verified' THEN moves.to_status IN ('completed', 'refunding', 'under_review', 'refunded')
           WHEN 'completed' THEN moves.to_status IN ('refunding', 'refunded')
           WHEN 'refunding' THEN moves.to_status IN ('refunded', 'under_review')
           WHEN 'refunded' THEN false
           WHEN 'under_review' THEN moves.to_status IN ('verified', 'completed', 'refunding', 'failed', 'refunded')
           ELSE moves.to_status IN ('created', 'awaiting_payment')
           END;
COMMENT ON VIEW intent_violations IS 'Promises that a payment intent, or what belongs to it, breaks.';
COMMENT ON COLUMN intent_violations.invariant IS 'The broken promise.';
COMMENT ON COLUMN intent_violations.payment_intent_id IS 'The intent that breaks it.';
COMMENT ON COLUMN intent_violations.detail IS 'How.';
CREATE VIEW stock_violations (invariant, variant_id, detail) AS
SELECT 'stock_is_never_negative', i.variant_id, format('available %s, reserved %s, sold %s', i.available, i.reserved, i.sold)
  FROM inventory i WHERE least(i.available, i.reserved, i.sold) < 0
UNION ALL
SELECT 'reserved_stock_is_what_intents_hold', i.variant_id,
       format('%s reserved, %s held by intents', i.reserved, coalesce(held.quantity, 0))
  FROM inventory i
  LEFT JOIN (SELECT ii.variant_id, sum(ii.quantity) AS quantity
               FROM (SELECT pi.payment_intent_id FROM payment_intents pi
                      WHERE pi.status IN ('created', 'awaiting_payment') AND pi.reservation = 'held'
                     UNION ALL
                     SELECT pi.payment_intent_id FROM payment_intents pi
                      WHERE pi.status = 'verified' AND pi.reservation = 'held') AS holding
               JOIN payment_intent_items ii USING (payment_intent_id)
              GROUP BY ii.variant_id) AS held USING (variant_id)
 WHERE i.reserved <> coalesce(held.quantity, 0);
COMMENT ON VIEW stock_violations IS 'Promises that a variant''s counts break.';
COMMENT ON COLUMN stock_violations.invariant IS 'The broken promise.';
COMMENT ON COLUMN stock_violations.variant_id IS 'The variant that breaks it.';
COMMENT ON COLUMN stock_violations.detail IS 'How.';
CREATE VIEW job_violations (invariant, job_id, detail) AS
SELECT 'attempts_are_bounded', j.id, format('%s of %s attempts', j.attempts, j.max_attempts)
  FROM job_queue j WHERE j.attempts > j.max_attempts
UNION ALL
SELECT 'failed_money_job_has_a_case', j.id, format('%s failed: %s', j.job_type, j.last_error)
  FROM job_queue j JOIN payment_intents pi ON pi.payment_intent_id = j.payload ->> 'payment_intent_id'
 WHERE j.status = 'failed'
   AND NOT EXISTS (SELECT FROM review_cases c WHERE c.payment_intent_id = pi.payment_intent_id)
UNION ALL
SELECT 'lease_is_rescued_in_time', j.id, format('held by %s until %s', j.locked_by, j.locked_until)
  FROM job_queue j WHERE j.status = 'processing' AND j.locked_until < now() - interval '60 seconds'
UNION ALL
SELECT 'only_a_processing_job_is_held', j.id, format('%s, held by %s until %s', j.status, j.locked_by, j.locked_until)
  FROM job_queue j
 WHERE num_nonnulls(j.locked_by, j.locked_until) <> CASE j.status WHEN 'processing' THEN 2 ELSE 0 END
UNION ALL
SELECT 'live_job_has_its_key_alone', j.id, format('job %s has the key %s too', other.id, j.idempotency_key)
  FROM job_queue j JOIN job_queue other ON other.idempotency_key = j.idempotency_key AND other.id > j.id
 WHERE j.status IN ('pending', 'processing') AND other.status IN ('pending', 'processing');
COMMENT ON VIEW job_violations IS 'Promises that a job breaks.';
COMMENT ON COLUMN job_violations.invariant IS 'The broken promise.';
COMMENT ON COLUMN job_violations.job_id IS 'The job that breaks it.';
COMMENT ON COLUMN job_violations.detail IS 'How.';
CREATE VIEW ledger_violations (invariant, variant_id, detail) AS
SELECT 'movements_reproduce_stock', i.variant_id, format('counts %s/%s/%s, movements %s/%s/%s', i.available, i.reserved, i.sold,
              coalesce(m.available, 0), coalesce(m.reserved, 0), coalesce(m.sold, 0))
  FROM inventory i
  LEFT JOIN (SELECT variant_id, sum(available_delta) AS available, sum(reserved_delta) AS reserved, sum(sold_delta) AS sold
               FROM inventory_movements GROUP BY variant_id) AS m USING (variant_id)
 WHERE (i.available, i.reserved, i.sold) IS DISTINCT FROM
       (coalesce(m.available, 0), coalesce(m.reserved, 0), coalesce(m.sold, 0));
COMMENT ON VIEW ledger_violations IS 'Variants whose movements do not reproduce their counts; reads the whole ledger.';
COMMENT ON COLUMN ledger_violations.invariant IS 'movements_reproduce_stock.';
COMMENT ON COLUMN ledger_violations.variant_id IS 'The variant.';
COMMENT ON COLUMN ledger_violations.detail IS 'How.';

CREATE VIEW invariant_violations (invariant, subject, detail) AS
SELECT invariant, payment_intent_id, detail FROM intent_violations
UNION ALL SELECT invariant, variant_id, detail FROM stock_violations
UNION ALL SELECT invariant, variant_id, detail FROM ledger_violations
UNION ALL SELECT invariant, job_id::text COLLATE "C", detail FROM job_violations;
COMMENT ON VIEW invariant_violations IS
    'Every promise of the business that a row breaks; empty when all is well. Heavy on a large shop.';
COMMENT ON COLUMN invariant_violations.invariant IS 'The broken promise; docs/invariants.md lists them.';
COMMENT ON COLUMN invariant_violations.subject IS 'The intent, variant or job that breaks it.';
COMMENT ON COLUMN invariant_violations.detail IS 'How.';
GRANT SELECT ON invariant_violations TO stale_job_reaper, admin_console;

-- What the reaper has found, and where it goes on: docs/invariants.md.
ALTER TABLE invariant_check_results
    ADD COLUMN subject_kind text NOT NULL DEFAULT 'intent'
        CONSTRAINT subject_kind_is_known CHECK (subject_kind IN ('intent', 'variant', 'job')),
    ADD COLUMN cleared_at timestamptz;
ALTER TABLE invariant_check_results ALTER COLUMN subject_kind DROP DEFAULT;
CREATE INDEX invariant_check_results_by_last_look ON invariant_check_results (last_seen_at) WHERE cleared_at IS NULL;
COMMENT ON TABLE invariant_check_results IS
    'What the reaper found in invariant_violations. A row whose cleared_at is NULL is broken still.';
COMMENT ON COLUMN invariant_check_results.subject_kind IS 'What breaks it is an intent, a variant or a job.';
COMMENT ON COLUMN invariant_check_results.cleared_at IS 'When it was first found whole again; kept 30 days from here.';

CREATE TABLE invariant_check_progress (
    is_the_only_row boolean NOT NULL DEFAULT true PRIMARY KEY
        CONSTRAINT invariant_check_progress_has_one_row CHECK (is_the_only_row),
    checked_at timestamptz,
    check_ms bigint NOT NULL DEFAULT 0,
    round_began_at timestamptz,
    round_subject_kind text NOT NULL DEFAULT 'intent'
        CONSTRAINT round_subject_kind_is_known CHECK (round_subject_kind IN ('intent', 'variant', 'job')),
    round_after text NOT NULL DEFAULT '',
    round_ended_at timestamptz,
    round_ms bigint NOT NULL DEFAULT 0
);
INSERT INTO invariant_check_progress DEFAULT VALUES;
COMMENT ON TABLE invariant_check_progress IS 'One row, locked by the reaper that checks: others leave the turn to it.';
COMMENT ON COLUMN invariant_check_progress.is_the_only_row IS 'Always true.';
COMMENT ON COLUMN invariant_check_progress.checked_at IS 'When what had changed was last checked.';
COMMENT ON COLUMN invariant_check_progress.check_ms IS 'How long that took, in milliseconds.';
COMMENT ON COLUMN invariant_check_progress.round_began_at IS 'When the round through everything that is under way began.';
COMMENT ON COLUMN invariant_check_progress.round_subject_kind IS 'What the round is looking at: intents, then variants, then jobs.';
COMMENT ON COLUMN invariant_check_progress.round_after IS 'The key after which the round goes on.';
COMMENT ON COLUMN invariant_check_progress.round_ended_at IS 'When everything had been looked at again.';
COMMENT ON COLUMN invariant_check_progress.round_ms IS 'How long that round took, in milliseconds.';

-- Append-only tables that tell what changed; each has its ids in the order they were given.
CREATE VIEW changes_to_check (source, id, payment_intent_id, variant_id) AS
SELECT 'payment_intent_events', e.id, e.payment_intent_id, NULL::text COLLATE "C" FROM payment_intent_events e
UNION ALL SELECT 'inventory_movements', m.id, m.payment_intent_id, m.variant_id FROM inventory_movements m
UNION ALL SELECT 'payment_gateway_verifications', v.id, v.payment_intent_id, NULL FROM payment_gateway_verifications v
UNION ALL SELECT 'refunds', r.id, r.payment_intent_id, NULL FROM refunds r
UNION ALL SELECT 'admin_audit_log', a.id, a.subject COLLATE "C", NULL FROM admin_audit_log a;
COMMENT ON VIEW changes_to_check IS 'What tells that an intent or a variant has changed.';
COMMENT ON COLUMN changes_to_check.source IS 'The table that tells.';
COMMENT ON COLUMN changes_to_check.id IS 'Its id there.';
COMMENT ON COLUMN changes_to_check.payment_intent_id IS 'The intent, if it is about one; of an audit entry its subject, which may be something else.';
COMMENT ON COLUMN changes_to_check.variant_id IS 'The variant, if it is about one.';

CREATE TABLE invariant_check_cursors (
    source text NOT NULL PRIMARY KEY
        CONSTRAINT cursor_source_is_known CHECK (source IN ('payment_intent_events', 'inventory_movements',
            'payment_gateway_verifications', 'refunds', 'admin_audit_log')),
    seen_id bigint NOT NULL,
    settled_id bigint NOT NULL,
    settling_id bigint NOT NULL,
    settling_xid bigint NOT NULL DEFAULT 0,
    settling_since timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT a_cursor_settles_what_it_has_seen CHECK (settled_id <= settling_id AND settling_id <= seen_id)
);
-- What is older than an hour is left to the first round.
INSERT INTO invariant_check_cursors (source, seen_id, settled_id, settling_id)
SELECT old.source, old.id, old.id, old.id FROM (
    SELECT 'payment_intent_events', coalesce(max(id), 0) FROM payment_intent_events WHERE created_at < now() - interval '1 hour'
    UNION ALL SELECT 'inventory_movements', coalesce(max(id), 0) FROM inventory_movements WHERE created_at < now() - interval '1 hour'
    UNION ALL SELECT 'payment_gateway_verifications', coalesce(max(id), 0) FROM payment_gateway_verifications WHERE created_at < now() - interval '1 hour'
    UNION ALL SELECT 'refunds', coalesce(max(id), 0) FROM refunds WHERE created_at < now() - interval '1 hour'
    UNION ALL SELECT 'admin_audit_log', coalesce(max(id), 0) FROM admin_audit_log WHERE created_at < now() - interval '1 hour'
) AS old (source, id);
COMMENT ON TABLE invariant_check_cursors IS
    'How far changes_to_check has been read: once when new, once more when no older one can appear and every grace is over.';
COMMENT ON COLUMN invariant_check_cursors.source IS 'The table that tells.';
COMMENT ON COLUMN invariant_check_cursors.seen_id IS 'Its newest id that was looked at.';
COMMENT ON COLUMN invariant_check_cursors.settled_id IS 'Up to here everything was looked at twice and nothing can appear any more.';
COMMENT ON COLUMN invariant_check_cursors.settling_id IS 'Up to here it is settling.';
COMMENT ON COLUMN invariant_check_cursors.settling_xid IS 'Transactions from here on began after settling_id was seen: settled when all before have ended.';
COMMENT ON COLUMN invariant_check_cursors.settling_since IS 'When settling_id was seen.';

CREATE TABLE stock_checkpoints (
    variant_id text COLLATE "C" NOT NULL PRIMARY KEY
        CONSTRAINT a_checkpoint_is_of_counted_stock REFERENCES inventory (variant_id),
    movement_id bigint NOT NULL,
    available bigint NOT NULL,
    reserved bigint NOT NULL,
    sold bigint NOT NULL,
    is_behind boolean NOT NULL
);
CREATE INDEX stock_checkpoints_behind ON stock_checkpoints (variant_id) WHERE is_behind;
COMMENT ON TABLE stock_checkpoints IS
    'Sums of a variant''s movements up to one of them, so that a check need not read them all. Begun anew by every round.';
COMMENT ON COLUMN stock_checkpoints.variant_id IS 'The variant.';
COMMENT ON COLUMN stock_checkpoints.movement_id IS 'The last movement in the sums.';
COMMENT ON COLUMN stock_checkpoints.available IS 'Sum of available_delta up to there.';
COMMENT ON COLUMN stock_checkpoints.reserved IS 'Sum of reserved_delta up to there.';
COMMENT ON COLUMN stock_checkpoints.sold IS 'Sum of sold_delta up to there.';
COMMENT ON COLUMN stock_checkpoints.is_behind IS 'Settled movements are still to be added; until then it proves nothing.';
CREATE VIEW ledger_violations_since_checkpoint (invariant, variant_id, detail) AS
SELECT 'movements_reproduce_stock', i.variant_id, format('counts %s/%s/%s, movements %s/%s/%s', i.available, i.reserved, i.sold,
              c.available + m.available, c.reserved + m.reserved, c.sold + m.sold)
  FROM stock_checkpoints c
  JOIN inventory i USING (variant_id)
 CROSS JOIN LATERAL (SELECT coalesce(sum(available_delta), 0) AS available, coalesce(sum(reserved_delta), 0) AS reserved,
                            coalesce(sum(sold_delta), 0) AS sold
                       FROM inventory_movements WHERE variant_id = c.variant_id AND id > c.movement_id) AS m
 WHERE NOT c.is_behind
   AND (i.available, i.reserved, i.sold) IS DISTINCT FROM
       (c.available + m.available, c.reserved + m.reserved, c.sold + m.sold);
COMMENT ON VIEW ledger_violations_since_checkpoint IS 'ledger_violations of variants that have a checkpoint, in the time that new movements take.';
COMMENT ON COLUMN ledger_violations_since_checkpoint.invariant IS 'movements_reproduce_stock.';
COMMENT ON COLUMN ledger_violations_since_checkpoint.variant_id IS 'The variant.';
COMMENT ON COLUMN ledger_violations_since_checkpoint.detail IS 'How.';
GRANT SELECT ON intent_violations, stock_violations, job_violations, ledger_violations_since_checkpoint, changes_to_check
    TO stale_job_reaper;
GRANT SELECT (id, variant_id, available_delta, reserved_delta, sold_delta) ON inventory_movements TO stale_job_reaper;
GRANT SELECT, UPDATE ON invariant_check_progress, invariant_check_cursors TO stale_job_reaper;
GRANT SELECT, INSERT, UPDATE ON stock_checkpoints TO stale_job_reaper;
GRANT SELECT ON invariant_check_progress TO admin_console;
