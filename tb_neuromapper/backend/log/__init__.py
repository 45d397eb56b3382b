"""The log on disk, read and checked."""
