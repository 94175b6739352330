-- about: MRR and customers of each venture by local day, from the raw events
-- key: organization_id, venture_id, day
SELECT organization_id, venture_id, day, mrr, unconverted::text AS unconverted, customers::bigint FROM revenue
-- stored
SELECT organization_id, venture_id, day, mrr, (SELECT coalesce(jsonb_object_agg(key, value::numeric), '{}')
  FROM jsonb_each_text(unconverted))::text AS unconverted, customers FROM stored_revenue
