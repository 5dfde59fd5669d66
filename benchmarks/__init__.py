"""What the package costs, as ratios within one run: `make bench`."""
