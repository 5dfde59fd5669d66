"""What reads the pages of the project, and tries what they show."""
