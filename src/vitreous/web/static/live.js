// The one stream of the page.
