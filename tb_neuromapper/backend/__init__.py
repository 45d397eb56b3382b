"""TensorBoard's side: reads logs, has results computed, and answers the page; a folder for each screen."""
