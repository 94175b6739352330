-- from: finance
SELECT organization_id, connection_id, kind, object_id, version FROM model.money_facts
