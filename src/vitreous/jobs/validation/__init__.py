"""The list of necessary conditions: each looked at, judged, drawn, and put on one page."""
