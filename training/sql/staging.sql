-- Rows of all files as they were read: the text of what can be wrong beside what it was parsed to.
CREATE TABLE staged_events (
  source INTEGER, line BIGINT,
  cancellation BOOLEAN, not_goods BOOLEAN,
  item_text VARCHAR, item_key VARCHAR, shopper_text VARCHAR, shopper_key VARCHAR,
  time_text VARCHAR, time_ms BIGINT,
  kind_text VARCHAR, kind TINYINT, ignored BOOLEAN,
  quantity_text VARCHAR, quantity BIGINT,
  price_text VARCHAR, price_minor BIGINT,
  total_text VARCHAR, total_minor BIGINT,
  discount_text VARCHAR, discount_minor BIGINT,
  campaign VARCHAR, order_key VARCHAR, event_id VARCHAR,
  title VARCHAR, category VARCHAR, brand VARCHAR
);

CREATE TABLE staged_items (
  source INTEGER, line BIGINT,
  item_text VARCHAR, item_key VARCHAR,
  title VARCHAR, category VARCHAR, brand VARCHAR,
  price_text VARCHAR, price_minor BIGINT,
  cost_text VARCHAR, cost_minor BIGINT,
  stock_text VARCHAR, stock BIGINT,
  available_text VARCHAR, available BOOLEAN
);

-- What is known of shoppers but for the attributes.
CREATE TABLE staged_shoppers (source INTEGER, line BIGINT, shopper_text VARCHAR, shopper_key VARCHAR);

-- Attributes of the files of items and of shoppers, a row for each value of each.
CREATE TABLE staged_attributes (
  source INTEGER, line BIGINT, name VARCHAR, attribute_text VARCHAR, is_number BOOLEAN, value VARCHAR, number DOUBLE
);

CREATE TABLE staged_links (
  source INTEGER, line BIGINT,
  shopper_text VARCHAR, shopper_key VARCHAR, to_text VARCHAR, to_key VARCHAR,
  weight_text VARCHAR, weight DOUBLE
);

-- The merchant's names: of each file, and of the column that plays each role in it.
CREATE TABLE source_files (source INTEGER, file VARCHAR);
CREATE TABLE source_columns (source INTEGER, role VARCHAR, column_name VARCHAR);

CREATE TABLE rejects (source INTEGER, line BIGINT, column_name VARCHAR, reason VARCHAR, value VARCHAR);
