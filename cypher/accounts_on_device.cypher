// title: Accounts that a device was used for, and whose they are
// param: device text - device id
// columns: account account, kind account_kind, holder holder, name name, uses number, first_at time, last_at time
// cost: the users of the device
// rows: 1000
// seconds: 30
MATCH (a:Account)-[u:USED]->(d:Device {device_id: $device})
OPTIONAL MATCH (h:Holder)-[:OWNS]->(a)
RETURN a.account_id AS account, a.kind AS kind, h.holder_id AS holder, h.name AS name,
       u.uses AS uses, u.first_at AS first_at, u.last_at AS last_at
ORDER BY uses DESC, account
