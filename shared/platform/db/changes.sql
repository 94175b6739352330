-- What somebody's transaction changes, collected beside it: docs/decisions/the-audit-log-is-collected-by-triggers.md.
--
-- Each change is a line of JSON in the transaction-local setting app.changes: no table, nothing to vacuum, and what a
-- savepoint takes back is taken back here as well. Arguments: the key's columns, the secret ones, those whose change
-- alone is no deed, the column that names the organization, the one that names the user.
CREATE OR REPLACE FUNCTION platform.note_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  -- in bytes; an event holds at most four times the first of them
  most CONSTANT int := 131072;
  most_of_row CONSTANT int := 32768;
  keys CONSTANT text[] := TG_ARGV[0];
  secrets CONSTANT text[] := TG_ARGV[1];
  housekeeping CONSTANT text[] := TG_ARGV[2];
  known CONSTANT text := current_setting('app.changes', true);
  was jsonb;
  becomes jsonb;
  one jsonb;
  noted jsonb;
BEGIN
  IF TG_OP = 'UPDATE' AND OLD IS NOT DISTINCT FROM NEW THEN
    RETURN NULL;
  END IF;
  IF octet_length(known) > most THEN
    PERFORM set_config('app.changes_omitted',
      (coalesce(nullif(current_setting('app.changes_omitted', true), '')::int, 0) + 1)::text, true);
    RETURN NULL;
  END IF;
  was := to_jsonb(OLD);
  becomes := to_jsonb(NEW);
  one := coalesce(becomes, was);
  IF TG_OP = 'UPDATE' THEN
    SELECT jsonb_object_agg(o.key, o.value), jsonb_object_agg(n.key, n.value) INTO was, becomes
    FROM jsonb_each(was) o JOIN jsonb_each(becomes) n USING (key)
    WHERE o.value IS DISTINCT FROM n.value AND key <> ALL (housekeeping);
    IF becomes IS NULL THEN
      RETURN NULL;
    END IF;
  END IF;
  noted := jsonb_build_object(
    'kind', TG_TABLE_NAME,
    'id', (SELECT string_agg(one ->> name, ',' ORDER BY place) FROM unnest(keys) WITH ORDINALITY AS k (name, place)),
    'action', CASE TG_OP WHEN 'INSERT' THEN 'created' WHEN 'UPDATE' THEN 'changed' ELSE 'deleted' END,
    'organization_id', one ->> nullif(TG_ARGV[3], ''),
    'user_id', one ->> nullif(TG_ARGV[4], ''),
    'before', platform.as_noted(was, secrets),
    'after', platform.as_noted(becomes, secrets)
  );
  IF octet_length(noted::text) > most_of_row THEN
    noted := noted || jsonb_build_object(
      'before', CASE WHEN was IS NOT NULL THEN jsonb_build_object('(too large)', octet_length(was::text)) END,
      'after', CASE WHEN becomes IS NOT NULL THEN jsonb_build_object('(too large)', octet_length(becomes::text)) END
    );
  END IF;
  PERFORM set_config('app.changes', concat_ws(E'\n', nullif(known, ''), noted::text), true);
  RETURN NULL;
END $$;

-- Columns as the audit log shows them: no secret, and no value above 4 KiB whole.
CREATE OR REPLACE FUNCTION platform.as_noted(columns jsonb, secrets text[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_object_agg(key, CASE
    WHEN value = 'null' THEN value
    WHEN key = ANY (secrets) THEN '"(secret)"'
    WHEN octet_length(value::text) > 4096
      THEN to_jsonb(left(value::text, 1000) || format('... (%s bytes)', octet_length(value::text)))
    ELSE value END)
  FROM jsonb_each(columns)
$$;
