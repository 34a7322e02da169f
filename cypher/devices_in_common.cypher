// title: Devices that some accounts share with each other, hub devices left out
// param: accounts texts - account numbers
// param: hub integer 2..100000 = 40 - devices of more accounts than this are hubs
// columns: device_id device, account_id account
// cost: devices of the accounts times at most `hub` users of each
// rows: 10000
// seconds: 30
MATCH (a:Account)-[:USED]->(d:Device)<-[:USED]-(b:Account)
WHERE a.account_id IN $accounts AND b.account_id IN $accounts AND a.account_id <> b.account_id
WITH DISTINCT d, a
WHERE COUNT { MATCH (d)<-[:USED]-(:Account) } <= $hub
RETURN d.device_id AS device_id, a.account_id AS account_id
ORDER BY device_id, account_id
