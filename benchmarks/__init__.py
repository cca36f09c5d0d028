"""The figures of the README, measured as `docs/benchmarks.md` tells: medians, and ratios taken in one run."""
