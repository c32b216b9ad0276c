DROP VIEW ledger_violations_since_checkpoint;
DROP TABLE stock_checkpoints;
DROP TABLE invariant_check_cursors;
DROP VIEW changes_to_check;
DROP TABLE invariant_check_progress;
DROP INDEX invariant_check_results_by_last_look;
ALTER TABLE invariant_check_results DROP COLUMN subject_kind, DROP COLUMN cleared_at;
COMMENT ON TABLE invariant_check_results IS 'What the reaper last found in invariant_violations.';
REVOKE SELECT (id, variant_id, available_delta, reserved_delta, sold_delta) ON inventory_movements FROM stale_job_reaper;
DROP VIEW invariant_violations;
DROP VIEW ledger_violations;
DROP VIEW job_violations;
DROP VIEW stock_violations;
DROP VIEW intent_violations;

-- Each arm is one promise of the business, written independently of the code that keeps it.
CREATE VIEW invariant_violations (invariant, subject, detail) AS
-- Money
SELECT 'verified_payment_has_an_outcome', v.payment_intent_id,
       format('verified %s paisa at %s; no order, refund or review case', v.amount_minor, v.created_at)
  FROM payment_gateway_verifications v
 WHERE v.status = 'completed' AND v.created_at < now() - interval '60 seconds'
   AND NOT EXISTS (SELECT FROM orders o WHERE o.payment_intent_id = v.payment_intent_id AND o.status = 'confirmed')
   AND NOT EXISTS (SELECT FROM refunds r WHERE r.payment_intent_id = v.payment_intent_id AND r.status <> 'failed')
   AND NOT EXISTS (SELECT FROM review_cases c WHERE c.payment_intent_id = v.payment_intent_id
                      AND (c.status = 'open' OR c.resolution = 'dismissed'))
UNION ALL
SELECT 'order_is_not_also_refunded', o.payment_intent_id,
       format('order %s is confirmed and %s of %s paisa are refunded', o.order_number, sum(r.amount_minor), o.total_minor)
  FROM orders o JOIN refunds r ON r.payment_intent_id = o.payment_intent_id AND r.status = 'succeeded'
 WHERE o.status = 'confirmed'
 GROUP BY o.id HAVING sum(r.amount_minor) >= o.total_minor
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
       format('order %s: lines %s, subtotal %s, total %s', o.order_number, coalesce(sum(oi.line_total_minor), 0),
              o.subtotal_minor, o.total_minor)
  FROM orders o LEFT JOIN order_items oi ON oi.order_id = o.id
 GROUP BY o.id
HAVING coalesce(sum(oi.line_total_minor), 0) <> o.subtotal_minor
    OR o.total_minor <> o.subtotal_minor - o.discount_minor + o.shipping_minor + o.tax_minor
UNION ALL
SELECT 'refunds_never_exceed_what_was_paid', pi.payment_intent_id,
       format('refunded_minor %s, refunds %s, paid %s', pi.refunded_minor, coalesce(sum(r.amount_minor), 0), pi.amount_minor)
  FROM payment_intents pi LEFT JOIN refunds r ON r.payment_intent_id = pi.payment_intent_id AND r.status <> 'failed'
 GROUP BY pi.payment_intent_id
HAVING coalesce(sum(r.amount_minor), 0) <> pi.refunded_minor OR coalesce(sum(r.amount_minor), 0) > pi.amount_minor
UNION ALL
SELECT 'gateway_transaction_is_used_once', min(v.payment_intent_id),
       format('%s transaction %s has %s verifications', v.provider, v.gateway_transaction_id, count(*))
  FROM payment_gateway_verifications v
 GROUP BY v.provider, v.gateway_transaction_id HAVING count(*) > 1
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
-- Stock
UNION ALL
SELECT 'stock_is_never_negative', i.variant_id,
       format('available %s, reserved %s, sold %s', i.available, i.reserved, i.sold)
  FROM inventory i WHERE least(i.available, i.reserved, i.sold) < 0
UNION ALL
SELECT 'movements_reproduce_stock', i.variant_id,
       format('counts %s/%s/%s, movements %s/%s/%s', i.available, i.reserved, i.sold,
              coalesce(m.available, 0), coalesce(m.reserved, 0), coalesce(m.sold, 0))
  FROM inventory i
  LEFT JOIN (SELECT variant_id, sum(available_delta) AS available, sum(reserved_delta) AS reserved, sum(sold_delta) AS sold
               FROM inventory_movements GROUP BY variant_id) AS m USING (variant_id)
 WHERE (i.available, i.reserved, i.sold) IS DISTINCT FROM
       (coalesce(m.available, 0), coalesce(m.reserved, 0), coalesce(m.sold, 0))
UNION ALL
SELECT 'movements_follow_the_reservation', pi.payment_intent_id,
       format('variant %s, %s: %s bought, %s reserved, %s sold', ii.variant_id, pi.reservation, ii.quantity,
              coalesce(m.reserved, 0), coalesce(m.sold, 0))
  FROM payment_intents pi
  JOIN payment_intent_items ii USING (payment_intent_id)
  LEFT JOIN (SELECT payment_intent_id, variant_id, sum(reserved_delta) AS reserved, sum(sold_delta) AS sold
               FROM inventory_movements WHERE payment_intent_id IS NOT NULL
              GROUP BY payment_intent_id, variant_id) AS m USING (payment_intent_id, variant_id)
 WHERE coalesce(m.reserved, 0) <> CASE pi.reservation WHEN 'held' THEN ii.quantity ELSE 0 END
    OR coalesce(m.sold, 0) <> CASE pi.reservation WHEN 'settled' THEN ii.quantity ELSE 0 END
UNION ALL
SELECT 'reservation_ends_with_its_intent', pi.payment_intent_id, format('%s and held since it expired at %s', pi.status, pi.expires_at)
  FROM payment_intents pi
 WHERE pi.reservation = 'held'
   AND (pi.status NOT IN ('created', 'awaiting_payment', 'verified')
        OR (pi.status <> 'verified' AND pi.expires_at < now() - interval '60 seconds'))
-- Orders and carts
UNION ALL
SELECT 'order_has_items', o.payment_intent_id, format('order %s has no items', o.order_number)
  FROM orders o WHERE NOT EXISTS (SELECT FROM order_items oi WHERE oi.order_id = o.id)
UNION ALL
SELECT 'order_lines_are_the_snapshot', coalesce(lines.payment_intent_id, o.payment_intent_id),
       format('variant %s of order %s differs from what was priced', coalesce(lines.variant_id, ii.variant_id), coalesce(lines.order_number, o.order_number))
  FROM (SELECT o.payment_intent_id, o.order_number, oi.*
          FROM orders o JOIN order_items oi ON oi.order_id = o.id) AS lines
  FULL JOIN (payment_intent_items ii JOIN orders o ON o.payment_intent_id = ii.payment_intent_id)
    ON ii.payment_intent_id = lines.payment_intent_id AND ii.variant_id = lines.variant_id
 WHERE (lines.vendor_id, lines.product_name, lines.title, lines.sku, lines.quantity, lines.unit_price_minor) IS DISTINCT FROM
       (ii.vendor_id, ii.product_name, ii.title, ii.sku, ii.quantity, ii.unit_price_minor)
UNION ALL
SELECT 'bought_cart_moves_to_its_next_round', o.payment_intent_id,
       format('order %s is of round %s, its cart is in round %s', o.order_number, o.cart_round, c.round)
  FROM orders o JOIN carts c USING (cart_id) WHERE c.round <= o.cart_round
UNION ALL
SELECT 'cart_has_one_open_intent', min(pi.payment_intent_id), format('cart %s has %s open intents', pi.cart_id, count(*))
  FROM payment_intents pi WHERE pi.status IN ('created', 'awaiting_payment')
 GROUP BY pi.cart_id HAVING count(*) > 1
UNION ALL
SELECT 'order_intent_and_cart_have_one_owner', o.payment_intent_id, format('order %s', o.order_number)
  FROM orders o JOIN payment_intents pi USING (payment_intent_id) JOIN carts c ON c.cart_id = o.cart_id
 WHERE o.user_id <> pi.user_id OR o.user_id <> c.user_id OR o.cart_id <> pi.cart_id OR o.cart_round <> pi.cart_round
UNION ALL
SELECT 'completed_intent_has_its_order', pi.payment_intent_id, 'completed without an order'
  FROM payment_intents pi
 WHERE pi.status = 'completed'
   AND NOT EXISTS (SELECT FROM orders o WHERE o.payment_intent_id = pi.payment_intent_id)
-- Jobs
UNION ALL
SELECT 'open_question_has_a_job', pi.payment_intent_id, format('%s with an open question and nobody to ask it', pi.status)
  FROM payment_intents pi
 WHERE pi.question_closed_at IS NULL AND pi.gateway_reference IS NOT NULL
   AND greatest(pi.created_at, pi.updated_at) < now() - interval '60 seconds'
   AND NOT EXISTS (SELECT FROM job_queue j WHERE j.idempotency_key = 'verify_payment:' || pi.payment_intent_id
                      AND j.status IN ('pending', 'processing'))
   AND NOT EXISTS (SELECT FROM job_queue j WHERE j.status = 'failed'
                      AND j.idempotency_key = 'verify_payment:' || pi.payment_intent_id)
   AND NOT EXISTS (SELECT FROM review_cases c WHERE c.payment_intent_id = pi.payment_intent_id AND c.status = 'open')
UNION ALL
SELECT 'verified_payment_has_a_job', pi.payment_intent_id, 'verified and nobody to finalize it'
  FROM payment_intents pi
 WHERE pi.status = 'verified' AND pi.updated_at < now() - interval '60 seconds'
   AND NOT EXISTS (SELECT FROM job_queue j WHERE j.idempotency_key = 'finalize_order:' || pi.payment_intent_id
                      AND j.status IN ('pending', 'processing'))
   AND NOT EXISTS (SELECT FROM review_cases c WHERE c.payment_intent_id = pi.payment_intent_id AND c.status = 'open')
UNION ALL
SELECT 'attempts_are_bounded', j.id::text, format('%s of %s attempts', j.attempts, j.max_attempts)
  FROM job_queue j WHERE j.attempts > j.max_attempts
UNION ALL
SELECT 'failed_money_job_has_a_case', j.id::text, format('%s failed: %s', j.job_type, j.last_error)
  FROM job_queue j JOIN payment_intents pi ON pi.payment_intent_id = j.payload ->> 'payment_intent_id'
 WHERE j.status = 'failed'
   AND NOT EXISTS (SELECT FROM review_cases c WHERE c.payment_intent_id = pi.payment_intent_id)
UNION ALL
SELECT 'lease_is_rescued_in_time', j.id::text, format('held by %s until %s', j.locked_by, j.locked_until)
  FROM job_queue j WHERE j.status = 'processing' AND j.locked_until < now() - interval '60 seconds'
-- History
UNION ALL
SELECT 'status_is_the_fold_of_its_events', pi.payment_intent_id,
       format('is %s, events say %s', pi.status, coalesce(last_move.to_status, 'nothing'))
  FROM payment_intents pi
  LEFT JOIN LATERAL (SELECT e.to_status FROM payment_intent_events e
                      WHERE e.payment_intent_id = pi.payment_intent_id AND e.kind = 'status_changed'
                      ORDER BY e.id DESC LIMIT 1) AS last_move ON true
 WHERE last_move.to_status IS DISTINCT FROM pi.status;

COMMENT ON VIEW invariant_violations IS
    'Every promise of the business that a row breaks; empty when all is well. Heavy on a large shop.';
COMMENT ON COLUMN invariant_violations.invariant IS 'The broken promise.';
COMMENT ON COLUMN invariant_violations.subject IS 'The intent, variant or job that breaks it.';
COMMENT ON COLUMN invariant_violations.detail IS 'How.';
GRANT SELECT ON invariant_violations TO stale_job_reaper, admin_console;
