"""What jobs do: read the ledger, do the effect, write the outcome, enqueue what follows."""
