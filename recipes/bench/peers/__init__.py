"""The peers: one file for each library, with functions problem -> session in the style of the library's tutorials."""
