-- The smallest UUIDv7 of an instant: 48 bits of milliseconds, then zeros.
CREATE FUNCTION platform.uuid_floor(instant timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT (lpad(to_hex((extract(epoch FROM instant) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- Partitions of the event log (a month each) and of the inbox (a week each), made ahead; inbox partitions
-- older than 14 days are dropped. Runs with its owner's rights, since services may not create tables.
CREATE FUNCTION platform.maintain_partitions() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = platform, pg_temp AS $$
DECLARE
  first timestamptz;
  step interval;
  parent text;
  part text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('platform.maintain_partitions'));
  FOR parent, first, step IN VALUES
    ('event_log', date_trunc('month', now(), 'UTC'), interval '1 month'),
    ('inbox', date_trunc('week', now(), 'UTC'), interval '1 week')
  LOOP
    FOR ahead IN 0..2 LOOP
      part := format('%s_%s', parent, to_char((first + ahead * step) AT TIME ZONE 'UTC', 'YYYYMMDD'));
      IF to_regclass('platform.' || part) IS NULL THEN
        BEGIN
          EXECUTE format('CREATE TABLE platform.%I PARTITION OF platform.%I FOR VALUES FROM (%L) TO (%L)',
            part, parent, platform.uuid_floor(first + ahead * step), platform.uuid_floor(first + (ahead + 1) * step));
        EXCEPTION WHEN check_violation THEN
          RAISE NOTICE 'rows of % are in the default partition', part;
        END;
      END IF;
    END LOOP;
  END LOOP;
  FOR part IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'platform.inbox'::regclass AND c.relname ~ '^inbox_\d{8}$'
      AND to_date(right(c.relname, 8), 'YYYYMMDD') < now() - interval '21 days'
  LOOP
    EXECUTE format('DROP TABLE platform.%I', part);
  END LOOP;
END $$;
CREATE TABLE platform.event_log_default PARTITION OF platform.event_log DEFAULT;
CREATE TABLE platform.inbox_default PARTITION OF platform.inbox DEFAULT;
SELECT platform.maintain_partitions();
