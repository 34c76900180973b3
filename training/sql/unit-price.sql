-- total / quantity in minor units: the nearest integer, halves away from zero, as `roundMinor` of core/contract/money.ts.
-- All of it in integers, so that no half is missed. NULL where the quantity is 0 or not known.
CREATE MACRO unit_price(total, quantity) AS
  CASE WHEN quantity <> 0 THEN sign(total) * sign(quantity) * ((2 * abs(total) + abs(quantity)) // (2 * abs(quantity))) END;
