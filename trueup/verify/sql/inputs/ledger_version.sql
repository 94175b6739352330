-- from: ingestion
SELECT organization_id, connection_id, 'payment' AS kind, payment_id AS object_id, version FROM owned.payments
UNION ALL SELECT organization_id, connection_id, 'refund', refund_id, version FROM owned.refunds
UNION ALL SELECT organization_id, connection_id, 'dispute', dispute_id, version FROM owned.disputes
-- a payout that is on its way is told to nobody
UNION ALL SELECT organization_id, connection_id, 'payout', payout_id, version FROM owned.payouts
WHERE status IN ('paid', 'failed', 'canceled')
