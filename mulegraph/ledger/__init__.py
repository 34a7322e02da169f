"""The store that everything reads: Parquet partitions, account numbers and ids, DuckDB and Spark."""
