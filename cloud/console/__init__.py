"""Console: the nurses' web page and its API. Reads Kafka and the database; writes commands, its audit log and outbox."""
