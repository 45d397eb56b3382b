"""The playground: trainings that the page starts."""
