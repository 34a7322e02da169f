// title: Layered chains whose findings name an account, the most surprising first
// param: account text - account number
// columns: chain chain, surprise number, amount amount, currency currency, first_at time, last_at time, accounts accounts, transfers transfers
// cost: the findings that name the account
// rows: 500
// seconds: 30
MATCH (f:Finding)-[:ABOUT]->(a:Account {account_id: $account})
WHERE f.sign = 'N1'
RETURN DISTINCT f.pattern AS chain, f.surprise AS surprise, f.amount AS amount, f.currency AS currency,
       f.first_at AS first_at, f.last_at AS last_at, f.accounts AS accounts, f.evidence AS transfers
ORDER BY surprise DESC, chain
