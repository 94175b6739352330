-- from: ingestion
-- What Stripe sent, byte for byte; not what still waits or was parked, for that is in no figure yet.
SELECT organization_id, connection_id, event_id, type, payload
FROM owned.raw_events r
WHERE (type LIKE 'charge.%' OR type LIKE 'payment_intent.%' OR type LIKE 'refund.%' OR type LIKE 'payout.%'
       OR type LIKE 'invoice.%' OR type LIKE 'invoice_payment.%' OR type LIKE 'customer.%' OR type LIKE 'coupon.%')
  AND NOT EXISTS (SELECT FROM owned.parked_events p
                  WHERE (p.organization_id, p.connection_id, p.event_id)
                      = (r.organization_id, r.connection_id, r.event_id) AND p.status <> 'resolved')
  AND NOT EXISTS (SELECT FROM owned.raw_backlog b
                  WHERE (b.connection_id, b.event_id) = (r.connection_id, r.event_id))
