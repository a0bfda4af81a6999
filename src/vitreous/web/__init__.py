"""The page of a project: FastAPI, templates, one stream of events and plain ES modules; nothing leaves the machine."""
