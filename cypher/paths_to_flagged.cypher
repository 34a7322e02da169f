// title: Paths along the money from an account to accounts on a list
// param: account text - account number
// param: hops integer 1..4 = 2 - at most so many transfers
// param: list text = suspicion - which list: suspicion, for_sale, authority_warning or known_good
// param: ordered integer 0..1 = 1 - 1: only paths that never go back in time
// param: hub integer 2..1000000 = 100 - no path runs through an account with more transfers than this
// columns: hops number, flagged account, accounts accounts, transfers transfers, least_amount amount, first_at time, last_at time
// cost: own transfers times hub, and a look at every transfer (about 2 s for a million); the time-out bounds it
// rows: 1000
// seconds: 30
// LadybugDB 0.22 loses rows of patterns of three hops, so the last hop is a MATCH of its own; and it mixes up
// columns when a part of a UNION returns one expression twice, so coalesce() makes another of it.
MATCH (a:Account {account_id: $account})-[t1:TRANSFER]->(b:Account)
WHERE $hops >= 1
  AND b.account_id <> a.account_id
WITH a, b, t1
MATCH (l:Listing)-[:LISTED]->(b)
WHERE l.list = $list
WITH DISTINCT a, b, t1
RETURN 1 AS hops, b.account_id AS flagged,
       [a.account_id, b.account_id] AS accounts,
       [t1.transfer_id] AS transfers,
       t1.amount AS least_amount,
       t1.at AS first_at, coalesce(t1.at, t1.at) AS last_at
ORDER BY last_at, flagged, t1.transfer_id
UNION ALL
MATCH (a:Account {account_id: $account})-[t1:TRANSFER]->(m1:Account)
WHERE $hops >= 2
  AND m1.account_id <> a.account_id
  AND m1.transfers <= $hub
WITH a, m1, t1
MATCH (l:Listing)-[:LISTED]->(b:Account)<-[t2:TRANSFER]-(m1)
WHERE l.list = $list
  AND b.account_id <> a.account_id AND b.account_id <> m1.account_id
  AND ($ordered = 0 OR t1.at <= t2.at)
WITH DISTINCT a, m1, b, t1, t2
RETURN 2 AS hops, b.account_id AS flagged,
       [a.account_id, m1.account_id, b.account_id] AS accounts,
       [t1.transfer_id, t2.transfer_id] AS transfers,
       CASE WHEN t1.amount <= t2.amount THEN t1.amount
            ELSE t2.amount END AS least_amount,
       t1.at AS first_at, t2.at AS last_at
ORDER BY last_at, flagged, t1.transfer_id, t2.transfer_id
UNION ALL
MATCH (a:Account {account_id: $account})-[t1:TRANSFER]->(m1:Account)-[t2:TRANSFER]->(m2:Account)
WHERE $hops >= 3
  AND m1.account_id <> a.account_id
  AND m1.transfers <= $hub
  AND m2.account_id <> a.account_id AND m2.account_id <> m1.account_id
  AND m2.transfers <= $hub
  AND ($ordered = 0 OR t1.at <= t2.at)
WITH a, m1, m2, t1, t2
MATCH (l:Listing)-[:LISTED]->(b:Account)<-[t3:TRANSFER]-(m2)
WHERE l.list = $list
  AND b.account_id <> a.account_id AND b.account_id <> m1.account_id AND b.account_id <> m2.account_id
  AND ($ordered = 0 OR t2.at <= t3.at)
WITH DISTINCT a, m1, m2, b, t1, t2, t3
RETURN 3 AS hops, b.account_id AS flagged,
       [a.account_id, m1.account_id, m2.account_id, b.account_id] AS accounts,
       [t1.transfer_id, t2.transfer_id, t3.transfer_id] AS transfers,
       CASE WHEN t1.amount <= t2.amount AND t1.amount <= t3.amount THEN t1.amount
            WHEN t2.amount <= t3.amount THEN t2.amount
            ELSE t3.amount END AS least_amount,
       t1.at AS first_at, t3.at AS last_at
ORDER BY last_at, flagged, t1.transfer_id, t2.transfer_id, t3.transfer_id
UNION ALL
MATCH (a:Account {account_id: $account})-[t1:TRANSFER]->(m1:Account)-[t2:TRANSFER]->(m2:Account)
WHERE $hops >= 4
  AND m1.account_id <> a.account_id
  AND m1.transfers <= $hub
  AND m2.account_id <> a.account_id AND m2.account_id <> m1.account_id
  AND m2.transfers <= $hub
  AND ($ordered = 0 OR t1.at <= t2.at)
WITH a, m1, m2, t1, t2
MATCH (m2)-[t3:TRANSFER]->(m3:Account)
WHERE m3.account_id <> a.account_id AND m3.account_id <> m1.account_id AND m3.account_id <> m2.account_id
  AND m3.transfers <= $hub
  AND ($ordered = 0 OR t2.at <= t3.at)
WITH a, m1, m2, m3, t1, t2, t3
MATCH (l:Listing)-[:LISTED]->(b:Account)<-[t4:TRANSFER]-(m3)
WHERE l.list = $list
  AND b.account_id <> a.account_id AND b.account_id <> m1.account_id AND b.account_id <> m2.account_id
  AND b.account_id <> m3.account_id
  AND ($ordered = 0 OR t3.at <= t4.at)
WITH DISTINCT a, m1, m2, m3, b, t1, t2, t3, t4
RETURN 4 AS hops, b.account_id AS flagged,
       [a.account_id, m1.account_id, m2.account_id, m3.account_id, b.account_id] AS accounts,
       [t1.transfer_id, t2.transfer_id, t3.transfer_id, t4.transfer_id] AS transfers,
       CASE WHEN t1.amount <= t2.amount AND t1.amount <= t3.amount AND t1.amount <= t4.amount THEN t1.amount
            WHEN t2.amount <= t3.amount AND t2.amount <= t4.amount THEN t2.amount
            WHEN t3.amount <= t4.amount THEN t3.amount
            ELSE t4.amount END AS least_amount,
       t1.at AS first_at, t4.at AS last_at
ORDER BY last_at, flagged, t1.transfer_id, t2.transfer_id, t3.transfer_id, t4.transfer_id
