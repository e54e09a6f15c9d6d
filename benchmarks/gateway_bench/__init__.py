"""The parts of `benchmarks/gateway.py`: a fake upstream, a load generator, the peers, and what the kernel counts."""
