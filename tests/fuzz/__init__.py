"""Coverage-guided fuzzing: `make fuzz`. Its targets are run on their seeds by pytest, too."""
