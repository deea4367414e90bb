"""Figures of every task, measured on recordings."""
