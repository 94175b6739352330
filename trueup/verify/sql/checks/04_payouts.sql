-- about: payouts, and what came back of them, from the raw events
-- key: organization_id, connection_id, payout_id
SELECT organization_id, connection_id, payout_id, currency, amount_minor::bigint, status, arrival_date, deposited,
       reversed_on, venture_id FROM payout
-- stored
SELECT organization_id, connection_id, payout_id, currency, amount_minor, status, arrival_date, deposited, reversed_on,
       venture_id FROM stored_payout
