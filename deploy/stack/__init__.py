"""The local stack behind `vigil up`: which parts, in which order, watched over by one process."""
