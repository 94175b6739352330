-- from: ingestion
SELECT organization_id, connection_id, payout_id, currency, amount_minor, status, arrival_date, deposited, reversed_on,
       venture_id
FROM owned.payouts
