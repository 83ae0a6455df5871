"""What stage 3 is made of: exact weights, loss, loop, checkpoints. Everything here loads torch."""
