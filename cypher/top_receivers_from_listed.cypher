// title: Accounts that received most from accounts on a list
// param: list text = suspicion - which list: suspicion, for_sale, authority_warning or known_good
// param: since time = 1970-01-01 - transfers from this time on
// param: until time = 2200-01-01 - transfers before this time
// columns: account account, kind account_kind, senders number, transfers number, amount amount, first_at time, last_at time
// cost: the transfers of the listed accounts
// rows: 100
// seconds: 60
MATCH (l:Listing)-[:LISTED]->(a:Account)
WHERE l.list = $list
WITH DISTINCT a
MATCH (a)-[t:TRANSFER]->(b:Account)
WHERE t.at >= $since AND t.at < $until AND b.kind <> 'cash' AND b.account_id <> a.account_id
RETURN b.account_id AS account, b.kind AS kind, count(DISTINCT a.account_id) AS senders, count(*) AS transfers,
       sum(t.amount * 1.0) AS amount, min(t.at) AS first_at, max(t.at) AS last_at
ORDER BY amount DESC, account
