-- What becomes of each row, first test first. `fault` is `role|reason` where the row is rejected.
CREATE TABLE judged_events AS
WITH priced AS (
  SELECT * REPLACE (
    CASE WHEN total_text IS NULL THEN price_minor ELSE unit_price(total_minor, coalesce(quantity, 1)) END AS price_minor
  )
  FROM staged_events
),
faults AS (
  SELECT *,
    CASE
      WHEN item_key IS NULL THEN 'item|missing'
      WHEN length(item_key) > 256 THEN 'item|longer than 256 characters'
      WHEN length(shopper_key) > 256 THEN 'shopper|longer than 256 characters'
      WHEN length(order_key) > 256 THEN 'order|longer than 256 characters'
      WHEN length(campaign) > 256 THEN 'campaign|longer than 256 characters'
      WHEN time_text IS NULL THEN 'time|missing'
      WHEN time_ms IS NULL THEN 'time|not a time in the format of the mapping'
      WHEN time_ms < 0 OR time_ms > 253402300799999 THEN 'time|outside the years 1970 to 9999'
      WHEN kind_text IS NULL THEN 'kind|missing'
      WHEN kind IS NULL THEN 'kind|not a known kind of event'
      WHEN quantity_text IS NOT NULL AND quantity IS NULL THEN 'quantity|not a whole number'
      WHEN abs(quantity) > 1000000 THEN 'quantity|more than 1000000'
      WHEN total_text IS NOT NULL AND total_minor IS NULL THEN 'total|not an amount'
      WHEN abs(total_minor) > 2147483647 THEN 'total|too large'
      WHEN price_minor = 0 AND total_minor > 0 AND quantity > 0 THEN 'total|unit price rounds to 0; is it a weighed row?'
      WHEN price_text IS NOT NULL AND price_minor IS NULL THEN 'price|not an amount'
      WHEN abs(price_minor) > 2147483647 THEN 'price|too large'
      WHEN discount_text IS NOT NULL AND discount_minor IS NULL THEN 'discount|not an amount'
      WHEN discount_minor < 0 OR discount_minor > 2147483647 THEN 'discount|negative or too large'
    END AS first_fault
  FROM priced
)
SELECT *,
  CASE
    WHEN cancellation THEN 'cancellation'
    WHEN not_goods THEN 'notGoods'
    WHEN ignored THEN 'ignoredKind'
    WHEN first_fault IS NOT NULL THEN 'rejected'
    WHEN quantity <= 0 THEN 'quantityNotPositive'
    WHEN price_minor <= 0 THEN 'priceNotPositive'
    ELSE 'event'
  END AS verdict
FROM faults;
