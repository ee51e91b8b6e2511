"""Optional modules, one for each foreign library; none is imported unless you ask for it."""
