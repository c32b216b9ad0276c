DROP TABLE review_cases;
DROP TABLE refunds;
DROP FUNCTION sum_refunds_on_the_intent();
DROP TABLE payment_gateway_verifications;
DROP TABLE payment_callbacks;
