-- How Stripe's JSON is read, and the few operations that SQL lacks.

-- The id of an object that is given by id or expanded.
CREATE FUNCTION pg_temp.reference(value jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT nullif(CASE jsonb_typeof(value) WHEN 'object' THEN value->>'id' WHEN 'string' THEN value #>> '{}' END, '')
$$;

-- A list that is given bare or as a list object.
CREATE FUNCTION pg_temp.listed(value jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE jsonb_typeof(value)
    WHEN 'array' THEN value
    WHEN 'object' THEN CASE WHEN jsonb_typeof(value->'data') = 'array' THEN value->'data' ELSE '[]' END
    ELSE '[]' END
$$;

-- The UUID that an object's metadata names; text that is no UUID claims nothing.
CREATE FUNCTION pg_temp.claim(body jsonb, name text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN hex ~ '^[0-9a-f]{32}$' THEN hex::uuid END
  FROM (SELECT replace(btrim(replace(replace(lower(btrim(body->'metadata'->>name)), 'urn:', ''), 'uuid:', ''), '{}'),
                       '-', '') AS hex) t
$$;

-- Stripe's minor units as ISO 4217 minor units.
CREATE FUNCTION pg_temp.minor(amount jsonb, code text) RETURNS numeric LANGUAGE sql STABLE AS $$
  SELECT trim_scale((amount #>> '{}')::numeric * 10::numeric ^ (iso - stripe)) FROM currency c WHERE c.code = upper($2)
$$;

-- Half-even to some decimals.
CREATE FUNCTION pg_temp.half_even(value numeric, places int) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN abs(value - trunc(value, places)) = 5 * 10::numeric ^ (-places - 1)
     AND mod(trunc(value, places) * 10::numeric ^ places, 2) = 0
    THEN trunc(value, places) ELSE round(value, places) END
$$;

-- Enough digits for every quotient that follows.
CREATE FUNCTION pg_temp.wide(value numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
  SELECT value::numeric(100, 45)
$$;

-- Whether a state has every value of a part of it (a change's previous_attributes).
CREATE FUNCTION pg_temp.holds(state jsonb, part jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  CASE jsonb_typeof(part)
    WHEN 'object' THEN
      RETURN jsonb_typeof(state) = 'object'
        AND NOT EXISTS (SELECT FROM jsonb_each(part) m WHERE NOT pg_temp.holds(coalesce(state->m.key, 'null'), m.value));
    WHEN 'array' THEN
      RETURN jsonb_typeof(state) = 'array' AND jsonb_array_length(state) = jsonb_array_length(part)
        AND NOT EXISTS (SELECT FROM jsonb_array_elements(part) WITH ORDINALITY m (value, n)
                        WHERE NOT pg_temp.holds(state->(n::int - 1), m.value));
    ELSE RETURN state = part;
  END CASE;
END $$;

-- Which of two events of one second stands further along an object's life.
CREATE FUNCTION pg_temp.life(event_type text) RETURNS int LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE substring(event_type FROM '[^.]*$')
    WHEN 'created' THEN 0 WHEN 'finalized' THEN 20
    WHEN 'captured' THEN 40 WHEN 'paid' THEN 40 WHEN 'payment_succeeded' THEN 40
    WHEN 'refunded' THEN 50 WHEN 'closed' THEN 50 WHEN 'reconciliation_completed' THEN 50
    WHEN 'failed' THEN 60 WHEN 'canceled' THEN 60 WHEN 'voided' THEN 60 WHEN 'marked_uncollectible' THEN 60
    WHEN 'deleted' THEN 100 ELSE 30 END
$$;

-- Months from a day to another: whole ones from the first day's own day, then days of the month begun.
CREATE FUNCTION pg_temp.months(start date, day date) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  whole int := (extract(year FROM day) - extract(year FROM start)) * 12
             + extract(month FROM day) - extract(month FROM start);
BEGIN
  IF (start + make_interval(months => whole))::date > day THEN whole := whole - 1; END IF;
  RETURN whole + pg_temp.wide(day - (start + make_interval(months => whole))::date)
    / ((start + make_interval(months => whole + 1))::date - (start + make_interval(months => whole))::date);
END $$;
