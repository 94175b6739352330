-- To which account and venture something belongs: by explicit words only.

CREATE TEMP TABLE customer AS
SELECT organization_id, connection_id, id, pg_temp.claim(body, 'account_id') AS account_claim,
       pg_temp.claim(body, 'venture_id') AS venture_claim
FROM state WHERE kind = 'customer';
CREATE UNIQUE INDEX ON customer (organization_id, connection_id, id);
CREATE UNIQUE INDEX ON account (organization_id, id);
CREATE UNIQUE INDEX ON venture (organization_id, id);
CREATE UNIQUE INDEX ON customer_mapping (organization_id, connection_id, customer_id);

-- Account: the object's metadata, else its customer's, else the mapping; only one that exists counts.
-- Venture: the object's metadata, else its customer's; else the account's; else the connection's default.
CREATE FUNCTION pg_temp.link(org uuid, conn uuid, whose text, said_account uuid, said_venture uuid,
                             OUT account_id uuid, OUT venture_id uuid) LANGUAGE plpgsql STABLE AS $$
DECLARE
  c customer%ROWTYPE;
  mapped uuid;
  of_account uuid;
BEGIN
  IF whose IS NOT NULL THEN
    SELECT * INTO c FROM customer x WHERE (x.organization_id, x.connection_id, x.id) = (org, conn, whose);
    SELECT m.account_id INTO mapped FROM customer_mapping m
    WHERE (m.organization_id, m.connection_id, m.customer_id) = (org, conn, whose);
  END IF;
  SELECT a.id, a.venture_id INTO account_id, of_account
  FROM unnest(ARRAY[said_account, c.account_claim, mapped]) WITH ORDINALITY AS claim (id, n)
  JOIN account a ON a.organization_id = org AND a.id = claim.id ORDER BY n LIMIT 1;
  SELECT v.id INTO venture_id
  FROM unnest(ARRAY[said_venture, c.venture_claim]) WITH ORDINALITY AS claim (id, n)
  JOIN venture v ON v.organization_id = org AND v.id = claim.id ORDER BY n LIMIT 1;
  venture_id := coalesce(venture_id, of_account,
                         (SELECT default_venture_id FROM connection k WHERE (k.organization_id, k.id) = (org, conn)));
END $$;
