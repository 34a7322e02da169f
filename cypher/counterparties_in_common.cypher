// title: Accounts that two accounts both deal with, the least busy of them first
// param: one text - account number
// param: other text - account number
// columns: account account, kind account_kind, transfers_with_one number, transfers_with_other number, transfers_in_all number
// cost: the transfers of both accounts
// rows: 500
// seconds: 30
MATCH (a:Account {account_id: $one})-[t:TRANSFER]-(m:Account)
WHERE m.kind <> 'cash' AND m.account_id <> $one AND m.account_id <> $other
WITH m, count(*) AS with_one
MATCH (b:Account {account_id: $other})-[t:TRANSFER]-(m)
WITH m, with_one, count(*) AS with_other
RETURN m.account_id AS account, m.kind AS kind, with_one AS transfers_with_one,
       with_other AS transfers_with_other, m.transfers AS transfers_in_all
ORDER BY transfers_in_all, account
