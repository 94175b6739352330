"""Proof: every derived figure computed again, from the raw rows, by other code than the services'.

The SQL under ``sql/`` reads what came from outside and from people (raw webhooks, plan versions, entered metrics,
accounts, ventures, organizations) and derives everything that follows, without calling any service's rules.
"""
