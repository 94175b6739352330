-- from: finance
SELECT organization_id, id, name, venture_id FROM owned.accounts
