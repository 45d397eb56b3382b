"""Records to disk, without any framework: events, files, the lock, the bounded writer."""
