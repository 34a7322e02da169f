// title: Holders whose accounts share a device with an account, hub devices left out
// param: account text - any account of the cluster
// param: hub integer 2..100000 = 40 - devices of more accounts than this are hubs
// columns: device device, account account, holder holder, name name, address address
// cost: devices of the account times at most `hub` users of each
// rows: 1000
// seconds: 30
MATCH (a:Account {account_id: $account})-[:USED]->(d:Device)
WHERE COUNT { MATCH (d)<-[:USED]-(:Account) } <= $hub
MATCH (b:Account)-[:USED]->(d)
OPTIONAL MATCH (h:Holder)-[:OWNS]->(b)
RETURN d.device_id AS device, b.account_id AS account, h.holder_id AS holder, h.name AS name, h.address AS address
ORDER BY device, account
