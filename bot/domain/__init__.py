"""Words and rules: what an invite is, which moves are allowed, which errors exist. No I/O."""
