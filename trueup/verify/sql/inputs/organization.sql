-- from: identity
SELECT id, slug, base_currency, time_zone FROM owned.organizations
