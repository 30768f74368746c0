"""The database: its engine, transactions, schema and change notices. Knows no business noun."""
