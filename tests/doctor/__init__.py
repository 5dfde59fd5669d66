"""Tests of what `doctor` looks at."""
