"""The edge agent: sources, local lethal rules, spool, publisher, device health. Never imports stream or cloud."""
