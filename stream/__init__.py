"""The stream worker and the recorder: what happens between Kafka, the cloud and the database."""
