-- about: finance holds each ledger row at the version at which ingestion has it
-- key: organization_id, connection_id, kind, object_id
SELECT organization_id, connection_id, kind, object_id, version FROM ledger_version
-- stored
SELECT organization_id, connection_id, kind, object_id, version FROM money_version m
WHERE kind <> 'payout' OR EXISTS (
  SELECT FROM ledger_version l WHERE (l.organization_id, l.connection_id, l.kind, l.object_id)
                                   = (m.organization_id, m.connection_id, m.kind, m.object_id))
