"""The recorder: keeps everything in PostgreSQL or TimescaleDB, idempotently, and proves that nothing was lost."""
