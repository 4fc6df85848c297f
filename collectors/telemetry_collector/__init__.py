"""Takes agents' events from the intake to the log: validated, identified, in the order read (DESIGN §3)."""
