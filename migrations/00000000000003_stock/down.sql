DROP FUNCTION set_stock(text, integer, text);
DROP TABLE inventory_movements;
DROP TABLE inventory;
DROP FUNCTION record_opening_stock();
