-- from: finance
SELECT organization_id, connection_id, kind, object_id, currency, amount_minor, counts_on, reversed_on, account_id,
       venture_id
FROM model.money_facts
