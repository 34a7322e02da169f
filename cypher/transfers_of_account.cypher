// title: The transfers of an account, those that it paid and those that it received, the latest first
// param: account text - account number
// param: since time = 1970-01-01 - transfers from this time on
// param: until time = 2200-01-01 - transfers before this time
// columns: transfer_id transfer, source account, target account, amount amount, currency currency, at time, channel channel
// cost: the account's own transfers
// rows: 10000
// seconds: 30
MATCH (a:Account {account_id: $account})-[t:TRANSFER]->(b:Account)
WHERE t.at >= $since AND t.at < $until
RETURN t.transfer_id AS transfer_id, a.account_id AS source, b.account_id AS target, t.amount AS amount,
       t.currency AS currency, t.at AS at, t.channel AS channel
ORDER BY at DESC, transfer_id
UNION ALL
MATCH (b:Account {account_id: $account})<-[t:TRANSFER]-(a:Account)
WHERE t.at >= $since AND t.at < $until AND a.account_id <> $account
RETURN t.transfer_id AS transfer_id, a.account_id AS source, b.account_id AS target, t.amount AS amount,
       t.currency AS currency, t.at AS at, t.channel AS channel
ORDER BY at DESC, transfer_id
