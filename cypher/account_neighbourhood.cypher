// title: Who an account deals with: each counterparty and direction, number and sum of transfers
// param: account text - account number
// param: since time = 1970-01-01 - transfers from this time on
// param: until time = 2200-01-01 - transfers before this time
// columns: counterparty account, kind account_kind, direction direction, transfers number, amount amount, first_at time, last_at time
// cost: the account's own transfers
// rows: 1000
// seconds: 30
MATCH (a:Account {account_id: $account})-[t:TRANSFER]->(b:Account)
WHERE t.at >= $since AND t.at < $until AND b.account_id <> $account
RETURN b.account_id AS counterparty, b.kind AS kind, 'paid' AS direction, count(*) AS transfers,
       sum(t.amount * 1.0) AS amount, min(t.at) AS first_at, max(t.at) AS last_at
ORDER BY amount DESC, counterparty
UNION ALL
MATCH (a:Account {account_id: $account})<-[t:TRANSFER]-(b:Account)
WHERE t.at >= $since AND t.at < $until AND b.account_id <> $account
RETURN b.account_id AS counterparty, b.kind AS kind, 'received' AS direction, count(*) AS transfers,
       sum(t.amount * 1.0) AS amount, min(t.at) AS first_at, max(t.at) AS last_at
ORDER BY amount DESC, counterparty
