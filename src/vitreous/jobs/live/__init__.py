"""A live session: movies go through every step up to class averages as they arrive."""
