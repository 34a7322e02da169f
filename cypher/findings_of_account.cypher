// title: Every finding that names an account, the strongest first
// param: account text - account number
// columns: finding finding, sign sign, role role, score number, first_at time, last_at time, reason reason
// cost: the findings that name the account
// rows: 500
// seconds: 30
MATCH (f:Finding)-[r:ABOUT]->(a:Account {account_id: $account})
RETURN f.finding_id AS finding, f.sign AS sign, r.role AS role, f.score AS score,
       f.first_at AS first_at, f.last_at AS last_at, f.reason AS reason
ORDER BY score DESC, finding
