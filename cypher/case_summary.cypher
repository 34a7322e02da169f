// title: A case: its score, time and money, and its accounts with the role of each
// param: id text - case id, such as CASE-0a1b2c3d
// columns: case_id case, score number, amount amount, first_at time, last_at time, accounts accounts, roles roles, findings findings
// cost: one case
// rows: 1
// seconds: 30
MATCH (c:`Case` {case_id: $id})
RETURN c.case_id AS case_id, c.score AS score, c.amount AS amount, c.first_at AS first_at, c.last_at AS last_at,
       c.accounts AS accounts, c.roles AS roles, c.findings AS findings
ORDER BY case_id
