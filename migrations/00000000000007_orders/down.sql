DROP TABLE order_items;
DROP TABLE orders;
DROP FUNCTION check_order_lines_still_sum();
DROP FUNCTION check_order_is_whole_and_paid();
