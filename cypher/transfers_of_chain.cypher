// title: The transfers of a layered chain, in order of time
// param: id text - chain id, such as CH-0a1b2c3d
// columns: transfer_id transfer, source account, target account, amount amount, currency currency, at time, channel channel
// cost: the evidence of the chain; the embedded engine also looks at every transfer of its accounts
// rows: 5000
// seconds: 60
MATCH (f:Finding)
WHERE f.sign = 'N1' AND f.pattern = $id
UNWIND f.evidence AS id
WITH DISTINCT id
MATCH (a:Account)-[t:TRANSFER {transfer_id: id}]->(b:Account)
RETURN t.transfer_id AS transfer_id, a.account_id AS source, b.account_id AS target, t.amount AS amount,
       t.currency AS currency, t.at AS at, t.channel AS channel
ORDER BY at, transfer_id
