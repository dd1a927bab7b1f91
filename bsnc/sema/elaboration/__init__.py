"""Statements of networks and cells → nodes, edges and gates with provenance."""
