// title: Paths along the money from accounts on a list to an account
// param: account text - account number
// param: hops integer 1..3 = 2 - at most so many transfers
// param: list text = suspicion - which list: suspicion, for_sale, authority_warning or known_good
// param: ordered integer 0..1 = 1 - 1: only paths that never go back in time
// param: hub integer 2..1000000 = 100 - no path runs through an account with more transfers than this
// columns: hops, flagged, accounts, transfers, least_amount, first_at, last_at
// cost: hub to the power of hops; the time-out bounds it
// rows: 1000
// seconds: 30
MATCH (a:Account {account_id: $account}) WHERE $hops >= 1
MATCH (a)<-[t1:TRANSFER]-(b:Account)<-[:LISTED]-(l:Listing)
WHERE l.list = $list
  AND a.account_id <> b.account_id
RETURN 1 AS hops, b.account_id AS flagged,
       [b.account_id, a.account_id] AS accounts, [t1.transfer_id] AS transfers,
       t1.amount AS least_amount,
       t1.at AS first_at, t1.at AS last_at
ORDER BY last_at, flagged, t1.transfer_id
UNION ALL
MATCH (a:Account {account_id: $account}) WHERE $hops >= 2
MATCH (a)<-[t1:TRANSFER]-(m1:Account)<-[t2:TRANSFER]-(b:Account)<-[:LISTED]-(l:Listing)
WHERE l.list = $list
  AND a.account_id <> m1.account_id
  AND a.account_id <> b.account_id
  AND m1.account_id <> b.account_id
  AND COUNT { MATCH (m1)-[:TRANSFER]-(:Account) } <= $hub
  AND ($ordered = 0 OR (t2.at <= t1.at))
RETURN 2 AS hops, b.account_id AS flagged,
       [b.account_id, m1.account_id, a.account_id] AS accounts, [t2.transfer_id, t1.transfer_id] AS transfers,
       CASE WHEN t2.amount < t1.amount THEN t2.amount ELSE t1.amount END AS least_amount,
       t2.at AS first_at, t1.at AS last_at
ORDER BY last_at, flagged, t1.transfer_id
UNION ALL
MATCH (a:Account {account_id: $account}) WHERE $hops >= 3
MATCH (a)<-[t1:TRANSFER]-(m1:Account)<-[t2:TRANSFER]-(m2:Account)<-[t3:TRANSFER]-(b:Account)<-[:LISTED]-(l:Listing)
WHERE l.list = $list
  AND a.account_id <> m1.account_id
  AND a.account_id <> m2.account_id
  AND a.account_id <> b.account_id
  AND m1.account_id <> m2.account_id
  AND m1.account_id <> b.account_id
  AND m2.account_id <> b.account_id
  AND COUNT { MATCH (m1)-[:TRANSFER]-(:Account) } <= $hub
  AND COUNT { MATCH (m2)-[:TRANSFER]-(:Account) } <= $hub
  AND ($ordered = 0 OR (t3.at <= t2.at AND t2.at <= t1.at))
RETURN 3 AS hops, b.account_id AS flagged,
       [b.account_id, m2.account_id, m1.account_id, a.account_id] AS accounts, [t3.transfer_id, t2.transfer_id, t1.transfer_id] AS transfers,
       CASE WHEN t3.amount < t1.amount AND t3.amount < t2.amount THEN t3.amount WHEN t2.amount < t1.amount THEN t2.amount ELSE t1.amount END AS least_amount,
       t3.at AS first_at, t1.at AS last_at
ORDER BY last_at, flagged, t1.transfer_id
