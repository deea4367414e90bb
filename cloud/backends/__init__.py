"""Backends of the reasoner: what turns an escalation into an interpretation."""
