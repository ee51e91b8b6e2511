"""The peers: a file a library, each a function from a problem to a session, in the idiom of its own tutorials."""
