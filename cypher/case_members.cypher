// title: The accounts of a case, with holder, bank and the lists that they stand on
// param: id text - case id, such as CASE-0a1b2c3d
// columns: account account, bank bank, kind account_kind, holder holder, name name, lists lists
// cost: the accounts of the case
// rows: 1000
// seconds: 30
MATCH (a:Account)-[:PART_OF]->(c:`Case` {case_id: $id})
OPTIONAL MATCH (h:Holder)-[:OWNS]->(a)
OPTIONAL MATCH (l:Listing)-[:LISTED]->(a)
RETURN a.account_id AS account, a.bank AS bank, a.kind AS kind, h.holder_id AS holder, h.name AS name,
       collect(DISTINCT l.list) AS lists
ORDER BY account
