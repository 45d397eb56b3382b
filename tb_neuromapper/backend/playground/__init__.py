"""The playground: trainings that the page starts. See docs/playground.md."""
