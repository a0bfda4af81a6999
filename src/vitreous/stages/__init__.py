"""One folder or file a stage of the work; stages never import each other."""
