DROP TABLE product_variants;
DROP TABLE products;
DROP TABLE vendor_profiles;
