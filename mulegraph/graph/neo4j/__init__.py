"""A graph on a Neo4j server that many share."""
